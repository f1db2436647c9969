/** Reads query and body of a request as its route declares them. Throws OperationError. */
import * as v from "valibot";
import type { Problem } from "../errors.ts";
import { OperationError } from "./operation-error.ts";
import type { Route } from "./routes/route.ts";
import { schemas } from "./schemas.ts";

export const MOST_BODY_BYTES = 1 << 20;

/** A parameter that is there once is text, else a list. Unknown ones are refused: a mistyped `persist` would do half of what was asked. */
export function readQuery(params: URLSearchParams, { query }: Route): Record<string, unknown> {
  const given: Record<string, unknown> = Object.create(null);
  for (const key of new Set(params.keys())) {
    const all = params.getAll(key);
    given[key] = all.length === 1 ? all[0] : all;
  }
  const read = v.safeParse(v.strictObject(query as v.ObjectEntries), given);
  if (read.success) return read.output;
  const known = Object.keys(query);
  const problems = problemsOf(read.issues).map((problem) => (Object.hasOwn(query, problem.field ?? "") ? problem : { ...problem, message: "there is no such parameter", hint: known.length === 0 ? "this path takes none" : `there are: ${known.join(", ")}` }));
  throw new OperationError("bad_query", { problems });
}

export async function readBody(request: Request, name: keyof typeof schemas): Promise<unknown> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new OperationError("unsupported_media_type");
  if (Number(request.headers.get("content-length") ?? 0) > MOST_BODY_BYTES) throw new OperationError("payload_too_large");
  const json = parseJson(await readBytes(request));
  // Checked by the operation, which knows the other apps and has better words.
  if (name === "App" || name === "Limits") return json;
  const read = v.safeParse(schemas[name], json);
  if (read.success) return read.output;
  throw new OperationError("invalid", { problems: problemsOf(read.issues) });
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MOST_BODY_BYTES) throw new OperationError("payload_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    // The engine's own text may quote a value.
    throw new OperationError("bad_json", { detail: error instanceof TypeError ? "the body is not UTF-8" : "the body is no JSON" });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new OperationError("bad_json");
  return value;
}

/** Texts of our schemas are "fault" or "fault\nway out"; those of the library may quote values and are not used. */
function problemsOf(issues: readonly v.BaseIssue<unknown>[]): readonly Problem[] {
  return issues.map((issue) => {
    const field = (issue.path ?? []).map(({ key }) => String(key)).join(".");
    if (issue.type === "strict_object") return { field, message: issue.expected === "never" ? "there is no such key" : "this key is missing" };
    const [message = "", hint] = issue.message.split("\n");
    return { field, message, ...(hint === undefined ? {} : { hint }) };
  });
}
