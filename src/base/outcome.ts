/** How an invocation ended, as a value. Mapped to HTTP once, in `ingress/respond`. */
export type Outcome =
  | "ok"
  | "exception"
  | "exceededCpu"
  | "exceededWallTime"
  | "exceededMemory"
  | "isolateLost"
  | "badResponse"
  | "canceled"
  | "loadShed"
  | "scriptNotFound"
  | "internalError";
