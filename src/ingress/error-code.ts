/** CATALOGUE of what a client can be told instead of an app's answer: code, HTTP status, and whether the connection ends with it. */
export interface HttpError {
  readonly status: number;
  /** The request was not read to its end, or not understood: nothing after it on this connection can be trusted. */
  readonly closes?: boolean;
  /** Seconds, when whoever refused names none. Null: no `Retry-After`. */
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
} as const satisfies Record<string, HttpError>;

export type ErrorCode = keyof typeof httpErrors;
