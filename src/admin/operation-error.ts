/** CATALOGUE of what the admin API refuses, with its statuses. */
import type { OperatorError, Problem } from "../errors.ts";

export const operationErrors = {
  bad_json: { status: 400, message: "the body is no JSON object" },
  bad_query: { status: 400, message: "a parameter of the query has a value that it cannot have" },
  invalid: { status: 400, message: "the body is not what it has to be" },
  unauthorized: { status: 401, message: "the token is missing or wrong" },
  origin_refused: { status: 403, message: "the admin API does not talk to browsers" },
  not_found: { status: 404, message: "there is no such path" },
  unknown_app: { status: 404, message: "there is no such app" },
  method_not_allowed: { status: 405, message: "this path does not have this method" },
  name_taken: { status: 409, message: "an app of this name is there already" },
  hostname_taken: { status: 409, message: "another app has this hostname" },
  app_draining: { status: 409, message: "the app is being removed" },
  config_changed: { status: 409, message: "the config file was changed meanwhile: reload, then try again" },
  not_persisted: { status: 409, message: "the config file was not written; nothing changed" },
  payload_too_large: { status: 413, message: "the body has more than 1 MB" },
  unsupported_media_type: { status: 415, message: "bodies are application/json" },
  misdirected: { status: 421, message: "this is no name of the admin API" },
  load_failed: { status: 422, message: "the app did not load; nothing changed" },
  config_invalid: { status: 422, message: "the config file is broken; nothing changed" },
  internal_error: { status: 500, message: "nano failed; the log has the id and the reason" },
  unavailable: { status: 503, message: "nano is starting or stopping" },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly message: string }>>;

export type OperationCode = keyof typeof operationErrors;

/** What a client of the admin API did, or has to do. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  readonly code: OperationCode;
  /** With fields as the body has them, such as `limits.cpu_ms`. */
  readonly problems: readonly Problem[];

  /** `detail` says more than the code's own text. */
  constructor(code: OperationCode, { detail, problems = [] }: { readonly detail?: string; readonly problems?: readonly Problem[] } = {}) {
    super(detail ?? operationErrors[code].message);
    this.code = code;
    this.problems = problems;
  }

  get status(): number {
    return operationErrors[this.code].status;
  }
}

/** The one app that a body described was checked as `apps[index]` of a whole config: the error that its sender understands. */
export function ofBody(error: OperatorError, index: number): OperationError {
  const prefix = `apps[${index}]`;
  const problems = error.problems.map(({ code, field = "", message, hint }): Problem => ({ ...(code === undefined ? {} : { code }), field: withoutPrefix(field, prefix), message, ...(hint === undefined ? {} : { hint }) }));
  const has = (code: string) => problems.some((problem) => problem.code === code);
  return new OperationError(has("hostname_taken") || has("default_twice") ? "hostname_taken" : has("name_taken") ? "name_taken" : "invalid", { problems });
}

function withoutPrefix(field: string, prefix: string): string {
  return field.startsWith(prefix) ? field.slice(prefix.length).replace(/^\./, "") : field;
}
