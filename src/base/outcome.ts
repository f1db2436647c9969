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

/** What reads from an invocation is told when that ends before it is done. */
export class InvocationEnded extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super("the request has ended");
    this.outcome = outcome;
  }
}
