/** Requests that a test file made, and what nano found out about each: by its number, and by the id that it has in the runtime. */
import { type Observer, silent } from "../observe/observer.ts";
import type { CallState, LogLine } from "../web/testing/ops.ts";

interface Subrequest {
  readonly method: string;
  readonly origin: string;
  readonly status: number;
}

export class Call implements CallState {
  readonly app: number;
  requestId = "";
  outcome = "running";
  fuel = 0;
  cpuMs = 0;
  memoryBytes = 0;
  isOver = false;
  error: CallState["error"] = null;
  readonly logs: LogLine[] = [];
  readonly subrequests: Subrequest[] = [];
  #tellOver!: () => void;
  readonly over = new Promise<void>((resolve) => {
    this.#tellOver = resolve;
  });

  constructor(app: number) {
    this.app = app;
  }

  finish(): void {
    this.isOver = true;
    this.#tellOver();
  }
}

export class Calls {
  readonly #all: Call[] = [];
  readonly #byRequest = new Map<string, Call>();

  add(app: number): number {
    this.#all.push(new Call(app));
    return this.#all.length;
  }

  get(number: number): Call | undefined {
    return this.#all[number - 1];
  }

  /** The request that runtime calls `requestId` is this one. */
  name(call: Call, requestId: string): void {
    call.requestId = requestId;
    this.#byRequest.set(requestId, call);
  }

  readonly observer: Observer = {
    ...silent,
    console: (_app, requestId, level, text) => this.#byRequest.get(requestId)?.logs.push({ level, text }),
    failure: ({ requestId, name, message, stack }) => {
      const call = this.#byRequest.get(requestId);
      if (call !== undefined) call.error = { name, message, stack };
    },
    kill: ({ requestId, reason, limitKey, limit, used, unit, stack }) => {
      const call = this.#byRequest.get(requestId);
      if (call !== undefined) call.error = { name: reason, message: `used ${Math.round(used)} ${unit}, ${limitKey} allows ${Math.round(limit)} ${unit}`, stack };
    },
    subrequest: ({ requestId, method, origin, status }) => this.#byRequest.get(requestId)?.subrequests.push({ method, origin, status }),
    invocation: ({ requestId, outcome, fuel, cpuMs, memoryBytes }) => {
      const call = this.#byRequest.get(requestId);
      if (call === undefined) return;
      Object.assign(call, { outcome, fuel: Math.round(fuel), cpuMs, memoryBytes });
      call.finish();
    },
  };
}
