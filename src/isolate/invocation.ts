/** What the two sides of an invocation look like: to ops, and to whoever delivered the event. */
import type { Outcome } from "../base/outcome.ts";
import type { Profile } from "./profile.ts";
import type { Resources } from "./resources.ts";

/** The limits of one invocation, already resolved to numbers. Milliseconds, bytes, counts. */
export interface InvocationLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly streamMs: number;
  readonly waitUntilMs: number;
  readonly subrequests: number;
  readonly subrequestsAtOnce: number;
  readonly timers: number;
  readonly kdfIterations: number;
  readonly logBytes: number;
  readonly logLineBytes: number;
  readonly streamBufferBytes: number;
}

/** An error of the app, as text. */
export interface GuestFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What ops see of the invocation they serve. */
export interface Invocation {
  /** Names the invocation to the guest; unique within its isolate. */
  readonly id: number;
  readonly requestId: string;
  readonly app: string;
  readonly limits: InvocationLimits;
  /** How often the request behind it has come back to nano through fetch(). */
  readonly hops: number;
  readonly resources: Resources;
  /** Aborted when the invocation ends, however it ends. */
  readonly signal: AbortSignal;
  /** When the clock of its isolate began, on the host's monotonic clock in milliseconds. */
  readonly clockStartMs: number;
  /** How it went so far. */
  readonly outcome: Outcome;
}

/** What an op is called on behalf of. */
export interface OpContext {
  readonly invocation: Invocation;
  /** Charges host work to the invocation, in fuel: 1 fuel is about 2 ns of guest work. */
  charge(fuel: number): void;
  /** Enters the guest later with an event for this invocation; ignored once the invocation has ended. */
  enter(event: string, a?: string | number, b?: string | number): void;
  /** The event has been answered. `body`, when given, settles once the answer's body has been passed on or given up. */
  answer(answer: unknown, body?: Promise<unknown>): void;
  /** The app failed before it answered. */
  fail(outcome: "exception" | "badResponse", failure: GuestFailure): void;
  /** The guest has nothing left to do for this invocation. */
  finish(): void;
  /** An exception or a rejection of the app was handled by nobody. */
  uncaught(): void;
  /** Whether functions that the engine compiles from now on keep neither text nor positions: those of our own. */
  hideSource(isHidden: boolean): void;
  /** A stack of the isolate's engine in positions of the app's own files. */
  mapStack(stack: string): string;
  /** Promise reactions of the isolate keep their async context from now on. */
  followContexts(): void;
  /** The invocation `id` of the same isolate; undefined once it is over. A promise of one may be settled while another is entered. */
  peer(id: number): OpContext | undefined;
}

/** Why an isolate was ended by force, for the app's log. */
export interface Kill {
  readonly outcome: "exceededCpu" | "exceededMemory" | "exceededWallTime" | "internalError";
  /** The config key that raises the limit. */
  readonly limitKey: string;
  readonly limit: number;
  readonly used: number;
  readonly unit: "ms" | "bytes";
  /** Where the guest was, innermost frame first; empty when it was in native code or could not be asked. */
  readonly stack: string;
  readonly requestId: string;
}

/** How an invocation went, once it is over. */
export interface InvocationSummary {
  readonly outcome: Outcome;
  readonly cpuMs: number;
  readonly fuel: number;
  /** Linear memory of its isolate at its end. */
  readonly memoryBytes: number;
  readonly failure: GuestFailure | null;
  readonly kill: Kill | null;
  /** Where its fuel went, if somebody wants to know. */
  readonly profile: Profile | null;
}
