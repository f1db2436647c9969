/** What the runtime tells: logic calls these hooks, and logs and metrics decide what they mean. Hooks must be quick and may not throw. */

import type { ProfileRecord } from "./profile.ts";

export type ConsoleLevel = "debug" | "info" | "log" | "warn" | "error";

/** A request has been answered, or has been given up. */
export interface RequestRecord {
  readonly requestId: string;
  /** Empty when no app was found. */
  readonly app: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly referrer: string;
  readonly status: number;
  readonly bytes: number;
  /** To the last byte. */
  readonly latencyMs: number;
  /** To the app's answer; 0 where no app was asked. */
  readonly answerMs: number;
  readonly cpuMs: number;
  /** Linear memory of the isolate that answered; 0 where no app was asked. */
  readonly memoryBytes: number;
  /** What has come of the request's body. */
  readonly receivedBytes: number;
  readonly outcome: string;
}

/** All that a request caused in its app is over: the answer, its body, what it asked `waitUntil` for. */
export interface InvocationRecord {
  readonly app: string;
  readonly requestId: string;
  readonly outcome: string;
  readonly cpuMs: number;
  /** The exact form of `cpuMs`: equal work burns equal fuel. */
  readonly fuel: number;
  /** Linear memory of the isolate it ran in. */
  readonly memoryBytes: number;
  /** Null unless profiles are made. */
  readonly profile: ProfileRecord | null;
}

/** A limit ended an isolate. */
export interface KillRecord {
  readonly app: string;
  readonly requestId: string;
  readonly reason: string;
  readonly limitKey: string;
  readonly limit: number;
  readonly used: number;
  readonly unit: string;
  readonly stack: string;
  /** The lines of source around the place, in `dev`; else empty. */
  readonly frame: string;
}

/** The app threw, or answered with something that is no response. */
export interface FailureRecord {
  readonly app: string;
  readonly requestId: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The lines of source around the place, in `dev`; else empty. */
  readonly frame: string;
}

/** A guest's fetch() got its response head, or failed. */
export interface SubrequestRecord {
  readonly app: string;
  readonly requestId: string;
  readonly method: string;
  /** Without path and query, which may carry secrets. */
  readonly origin: string;
  /** 0 when there was no response. */
  readonly status: number;
  readonly result: "ok" | "failed" | "aborted";
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly ms: number;
}

export interface Observer {
  request(record: RequestRecord): void;
  invocation(record: InvocationRecord): void;
  kill(record: KillRecord): void;
  failure(record: FailureRecord): void;
  /** `place`: `src/a.ts:3:7`, in `dev`; else empty. */
  console(app: string, requestId: string, level: ConsoleLevel, text: string, place: string): void;
  /** A revision of `app` is ready. `warnings`: what of its source may not do what it seems to, one line each. */
  appLoaded(app: string, details: { readonly revision: number; readonly ms: number; readonly bundleBytes: number; readonly snapshotBytes: number; readonly startupCpuMs: number; readonly warnings: readonly string[] }): void;
  appFailed(app: string, details: { readonly revision: number; readonly error: string }): void;
  /** Another revision of `app` answers from now on, or one that failed to load stands in its place. */
  appReplaced(app: string): void;
  egressDenied(app: string, requestId: string, host: string): void;
  subrequest(record: SubrequestRecord): void;
  /** An isolate was cloned. */
  activated(app: string, ms: number): void;
  /** Guest code waited so long for the thread. */
  delayed(ms: number): void;
  /** Log lines were lost. */
  linesDropped(reason: "rate" | "reader", lines: number): void;
  reloaded(result: "ok" | "failed" | "unchanged"): void;
  /** A worker process was replaced by another. */
  workerReplaced(reason: string): void;
  /** Spans of traces went out, or were given up. */
  spans(result: "exported" | "dropped", count: number): void;
  /** Something of nano's own failed. Returns nothing; the id was told to whoever asked. */
  fault(id: string, error: unknown): void;
  /** Start, listen, drain, stop: what an operator reads first. */
  event(name: string, fields: Readonly<Record<string, string | number | boolean>>): void;
}

const HOOKS = ["request", "invocation", "kill", "failure", "console", "appLoaded", "appFailed", "appReplaced", "egressDenied", "subrequest", "activated", "delayed", "linesDropped", "reloaded", "workerReplaced", "spans", "fault", "event"] as const satisfies readonly (keyof Observer)[];

/** One observer that tells all of `observers`, in order. */
export function combine(observers: readonly Observer[]): Observer {
  const combined: Record<string, (...args: unknown[]) => void> = {};
  for (const hook of HOOKS)
    combined[hook] = (...args) => {
      for (const observer of observers) (observer[hook] as (...args: unknown[]) => void)(...args);
    };
  return combined as unknown as Observer;
}

/** `observer` while `isOpen`. */
export function gated(observer: Observer, isOpen: () => boolean): Observer {
  const through: Record<string, (...args: unknown[]) => void> = {};
  for (const hook of HOOKS) {
    const tell = observer[hook] as (...args: unknown[]) => void;
    through[hook] = (...args) => {
      if (isOpen()) tell(...args);
    };
  }
  return through as unknown as Observer;
}

/** Hears nothing. */
export const silent: Observer = combine([]);
