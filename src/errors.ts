/**
 * The CATALOGUE of what can go wrong outside an app: what a client is told instead of an app's answer, and what an operator is told about the
 * configuration, a command or an app's source. Operator errors carry data; the text is derived from it.
 */

/** Process exit codes. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

export interface HttpError {
  readonly status: number;
  /** The request was not read to its end, or not understood: nothing after it on this connection can be trusted. */
  readonly closes?: boolean;
  /** Seconds, when whoever refused names none. Absent: no `Retry-After`. */
  readonly retryAfterS?: number;
}

export const httpErrors = {
  bad_request: { status: 400, closes: true },
  bad_host: { status: 400, closes: true },
  unknown_host: { status: 404 },
  method_not_allowed: { status: 405, closes: true },
  request_timeout: { status: 408, closes: true },
  payload_too_large: { status: 413, closes: true },
  uri_too_long: { status: 414, closes: true },
  headers_too_large: { status: 431, closes: true },
  /** nginx's status for a client that left before its answer; only ever logged. */
  client_gone: { status: 499, closes: true },
  app_exception: { status: 500 },
  internal_error: { status: 500 },
  not_implemented: { status: 501, closes: true },
  bad_response: { status: 502 },
  cpu_limit: { status: 503 },
  memory_limit: { status: 503 },
  overloaded: { status: 503, retryAfterS: 1 },
  quarantined: { status: 503, retryAfterS: 10 },
  draining: { status: 503, closes: true, retryAfterS: 1 },
  app_failed: { status: 503 },
  isolate_lost: { status: 503, retryAfterS: 0 },
  wall_limit: { status: 504 },
  loop_detected: { status: 508 },
} as const satisfies Record<string, HttpError>;

export type ErrorCode = keyof typeof httpErrors;

/** One thing that an operator has to mend. */
export interface Problem {
  /** As the operator named it. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  /** Path of the field, such as `apps[0].limits.cpu_ms`. */
  readonly field?: string;
  readonly message: string;
  /** The way out. */
  readonly hint?: string;
  /** The lines around the place, with a mark. */
  readonly frame?: string;
}

/** `file:line:column: field: message`, the frame, and the way out, each where there is one. */
export function formatProblem({ file, line, column, field, message, hint, frame }: Problem): string {
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}:${column ?? 1}`}: `;
  return [`${place}${field === undefined || field === "" ? "" : `${field}: `}${message}`, ...(frame === undefined || frame === "" ? [] : [frame]), ...(hint === undefined ? [] : [`  ${hint}`])].join("\n");
}

/** Something that an operator did, or has to do. All problems of one kind at once, not only the first. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[] | Problem) {
    const all = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(all.map(formatProblem).join("\n"));
    this.problems = all;
  }
}
