/** The admin API as a Hono app over `Operations`: passes the gate, reads what its route declares, and answers. No reply has a CORS header, and none is to be kept. */
import { type Context, Hono } from "hono";
import { formatProblem } from "../errors.ts";
import type { Observer } from "../observe/observer.ts";
import { checkGate, type Gate } from "./gate.ts";
import { openApiDocument } from "./openapi.ts";
import { OperationError, operationErrors } from "./operation-error.ts";
import type { Operations } from "./operations.ts";
import { readBody, readQuery } from "./request.ts";
import { routes } from "./routes/index.ts";
import type { Reply, Route } from "./routes/route.ts";

export interface AdminAppOptions {
  readonly operations: Operations;
  readonly observer: Pick<Observer, "event" | "fault">;
  readonly version: string;
  /** Asked for every request: a reload may change the token. */
  readonly gate: () => Gate;
  /** Aborts when nano stops: whoever follows is told by an end. */
  readonly closing: AbortSignal;
}

export const OPENAPI_PATH = "/admin/openapi.json";

export function createAdminApp(options: AdminAppOptions): Hono {
  const { observer, gate } = options;
  const app = new Hono();
  const document = openApiDocument(routes, options.version);
  app.use(async (c, next) => {
    checkGate(c.req.raw, gate());
    await next();
  });
  for (const route of routes) app.on(route.method.toUpperCase(), route.path, async (c) => toResponse(await answer(c, route, options)));
  app.get(OPENAPI_PATH, () => toResponse({ status: 200, json: document }));
  for (const [path, methods] of methodsByPath())
    app.all(path, () => {
      throw Object.assign(new OperationError("method_not_allowed", { detail: `${path} has ${methods}` }), { allow: methods });
    });
  app.notFound(() => refusal(new OperationError("not_found", { detail: `there is no such path; ${OPENAPI_PATH} has all` })));
  app.onError((error) => {
    if (error instanceof OperationError) return refusal(error);
    const id = crypto.randomUUID();
    observer.fault(id, error);
    return refusal(new OperationError("internal_error"), { id });
  });
  return app;
}

async function answer(c: Context, route: Route, { operations, observer, closing }: AdminAppOptions): Promise<Reply> {
  const request = c.req.raw;
  const query = readQuery(new URL(request.url).searchParams, route);
  const body = route.body === null ? undefined : await readBody(request, route.body);
  const name = c.req.param("name") ?? "";
  const asked = { name, query, body, signal: AbortSignal.any([request.signal, closing]) } as Parameters<Route["handle"]>[0];
  try {
    const reply = await route.handle(asked, operations);
    if (route.method !== "get") observer.event("admin", { method: c.req.method, path: c.req.path, status: reply.status });
    return reply;
  } catch (error) {
    if (route.method !== "get" && error instanceof OperationError) observer.event("admin", { method: c.req.method, path: c.req.path, status: error.status, error: error.code });
    throw error;
  }
}

function methodsByPath(): ReadonlyMap<string, string> {
  const methods = new Map<string, string>([[OPENAPI_PATH, "GET, HEAD"]]);
  for (const { method, path } of routes) {
    const named = method === "get" ? "GET, HEAD" : method.toUpperCase();
    const before = methods.get(path);
    methods.set(path, before === undefined ? named : `${before}, ${named}`);
  }
  return methods;
}

function toResponse(reply: Reply): Response {
  const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  if ("json" in reply) return new Response(`${JSON.stringify(reply.json)}\n`, { status: reply.status, headers: { ...headers, "content-type": "application/json" } });
  return new Response(reply.body, { status: reply.status, headers: { ...headers, "content-type": reply.type } });
}

function refusal(error: OperationError, more: { readonly id?: string } = {}): Response {
  const problems = error.problems.map(({ file, line, column, field = "", message, hint }) => ({ ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line, column }), field, message, ...(hint === undefined ? {} : { hint }) }));
  const isTold = problems.length === 0 || error.message !== operationErrors[error.code].message;
  const message = isTold ? error.message : `${error.message}: ${error.problems.map((problem) => formatProblem(problem).split("\n")[0]).join("; ")}`;
  const response = toResponse({ status: error.status, json: { error: error.code, message, ...(problems.length === 0 ? {} : { problems }), ...more } });
  if (error.code === "unauthorized") response.headers.set("www-authenticate", 'Bearer realm="nano admin"');
  const { allow } = error as { readonly allow?: string };
  if (allow !== undefined) response.headers.set("allow", allow);
  return response;
}
