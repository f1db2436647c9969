/** An invocation: one event delivered to one isolate, `waitUntil` work included. It owns what the event opened and pays for what the event burnt. */
import type { Resources } from "./resources.ts";

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

/** The limits of one invocation, already resolved to numbers. Milliseconds, bytes, counts. */
export interface InvocationLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly streamMs: number;
  readonly waitUntilMs: number;
  readonly subrequests: number;
  readonly subrequestsAtOnce: number;
  readonly timers: number;
  readonly logBytes: number;
  readonly logLineBytes: number;
  readonly streamBufferBytes: number;
}

/** What ops see of the invocation they serve. */
export interface Invocation {
  readonly id: number;
  readonly requestId: string;
  readonly app: string;
  readonly limits: InvocationLimits;
  readonly resources: Resources;
  /** Aborted when the invocation ends, however it ends. */
  readonly signal: AbortSignal;
}

/** What an op is called on behalf of. */
export interface OpContext {
  readonly invocation: Invocation;
  /** Charges host work to the invocation, in fuel (see `fuel` in src/README.md; 1 fuel is about 2 ns of guest work). */
  charge(fuel: number): void;
  /** Enters the guest later with an event for this invocation; ignored once the invocation has ended. */
  enter(event: string, a?: string | number, b?: string | number): void;
}
