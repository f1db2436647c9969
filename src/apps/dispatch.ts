/** Delivers one request to an app: admission, isolate, invocation, answer. What went wrong comes back as a value; HTTP is made of it elsewhere. */
import type { Outcome } from "../base/outcome.ts";
import { isByteSource, sourceOf, type ByteSource, type RequestWire, type ResponseWire, type WireBody } from "../base/wire.ts";
import type { ErrorCode } from "../errors.ts";
import type { GuestInvocation } from "../isolate/guest-invocation.ts";
import type { Isolate } from "../isolate/isolate.ts";
import type { GuestFailure } from "../isolate/invocation.ts";
import { AssetsBusy } from "../bindings/assets/host/assets.ts";
import type { Observer } from "../observe/observer.ts";
import type { App } from "./app.ts";
import { LoadError, type LoadProblem } from "./load/load-error.ts";
import { placeOfStack } from "./load/stack-frame.ts";
import { passThrough } from "./fallback.ts";
import type { Revision } from "./revision.ts";
import { type Trigger, triggerOf } from "./trigger.ts";
import type { IsolatePool } from "./pool.ts";

export interface DispatchRequest extends RequestWire {
  readonly requestId: string;
  /** How often the request has come back to nano already. */
  readonly hops: number;
  /** Calls `listener` once when the client goes away before the response is complete. */
  onAbort(listener: () => void): void;
}

export interface DispatchFailure {
  readonly outcome: Exclude<Outcome, "ok">;
  readonly code: ErrorCode;
  readonly retryAfterS?: number;
  /** For `dev` only: never shown to clients in production. */
  readonly detail?: FailureDetail;
}

/** What the app threw, or what ended it, in positions of its own source. Text of the app's: it may hold anything. */
export interface FailureDetail extends GuestFailure {
  /** The lines around the place; empty when they are not known. */
  readonly frame: string;
  /** `file:line:column` of that. */
  readonly place?: string;
  /** Everything that is wrong with an app that did not load. */
  readonly problems?: readonly LoadProblem[];
  readonly limit?: LimitUse;
}

/** A limit that ended it. */
export interface LimitUse {
  readonly key: string;
  readonly used: number;
  readonly allowed: number;
  readonly unit: "ms" | "bytes";
}

export type DispatchResult = { readonly cpuMs: number; readonly memoryBytes?: number } & ({ readonly outcome: "ok"; readonly response: ResponseWire } | DispatchFailure);

/** How the guest marks an exception after `passThroughOnException()`. */
const PASS_THROUGH = "PassThrough";
const DEPARTURE_MS = 10;

const CODE: Readonly<Record<Exclude<Outcome, "ok">, ErrorCode>> = {
  exception: "app_exception",
  badResponse: "bad_response",
  exceededCpu: "cpu_limit",
  exceededMemory: "memory_limit",
  exceededWallTime: "wall_limit",
  isolateLost: "isolate_lost",
  canceled: "client_gone",
  loadShed: "overloaded",
  scriptNotFound: "app_failed",
  internalError: "internal_error",
};

export class Dispatcher {
  readonly #observer: Observer;
  readonly #showsErrors: boolean;
  readonly #departures = new DepartureWatch();

  /** `showsErrors`: what the app threw goes to the client too, and clients may call its `scheduled`. For `dev`. */
  constructor(observer: Observer, showsErrors: boolean) {
    this.#observer = observer;
    this.#showsErrors = showsErrors;
  }

  /** Never rejects. An app that answers before it waits for anything has answered when this returns. */
  dispatch(app: App, request: DispatchRequest): DispatchResult | Promise<DispatchResult> {
    if (app.isDraining) return draining(app);
    if (app.held !== null) return app.held.then(() => this.dispatch(app, request));
    if (app.config.assets !== null && this.#triggerOf(request) === null) return this.#dispatchFile(app, request);
    return this.#dispatchToCode(app, request);
  }

  /** A static file needs no isolate and no place; what is none is for the code. */
  async #dispatchFile(app: App, request: DispatchRequest): Promise<DispatchResult> {
    let { revision } = app.serving;
    if (!revision.mayLoad()) return failure("loadShed");
    for (await revision.load(); revision !== app.serving.revision; await revision.load()) revision = app.serving.revision;
    if (revision.assets === null) return revision.config.hasCode ? this.#dispatchToCode(app, request) : this.#notLoaded(app, revision);
    try {
      const response = await revision.assets.answer(request);
      return response === null ? this.#dispatchToCode(app, request) : { outcome: "ok", response, cpuMs: 0 };
    } catch (error) {
      if (error instanceof AssetsBusy) return failure("loadShed");
      this.#observer.fault(request.requestId, error);
      return failure("internalError");
    }
  }

  #dispatchToCode(app: App, request: DispatchRequest): DispatchResult | Promise<DispatchResult> {
    if (app.isDraining) return draining(app);
    const restMs = app.quarantine.remainingMs;
    if (restMs > 0) return { outcome: "loadShed", code: "quarantined", retryAfterS: Math.ceil(restMs / 1000), cpuMs: 0 };
    const admission = app.gate.enter();
    if (admission === "admitted" && app.serving.revision.state === "ready") return this.#invoke(app, request);
    return this.#dispatchLater(app, request, admission);
  }

  async #dispatchLater(app: App, request: DispatchRequest, entering: ReturnType<App["gate"]["enter"]>): Promise<DispatchResult> {
    const admission = await entering;
    if (admission === "canceled") return draining(app);
    if (admission === "shed") return failure("loadShed");
    let { revision } = app.serving;
    if (!revision.mayLoad()) {
      app.gate.release();
      return failure("loadShed");
    }
    await revision.load();
    // It may have been replaced meanwhile. Nothing is awaited between this look and what follows from it.
    for (; revision !== app.serving.revision; await revision.load()) revision = app.serving.revision;
    if (revision.state === "ready") return this.#invoke(app, request);
    app.gate.release();
    return this.#notLoaded(app, revision);
  }

  #notLoaded(app: App, { state, error }: Revision): DispatchResult {
    if (state === "closed") return draining(app);
    return { ...failure("scriptNotFound"), ...(this.#showsErrors ? { detail: loadFailure(error) } : {}) };
  }

  #invoke(app: App, request: DispatchRequest): DispatchResult | Promise<DispatchResult> {
    const { revision, pool } = app.serving;
    const isolate = this.#takeIsolate(app, pool, request);
    if (typeof isolate === "string") return failure(isolate);
    const result = new Settling();
    const settle = (value: DispatchResult): void => result.settle(value);
    const invocation = isolate.open({
      requestId: request.requestId,
      app: app.name,
      limits: revision.invocationLimits,
      hops: request.hops,
      onAnswer: (answer) => {
        app.quarantine.answered();
        const response = answer as ResponseWire;
        // Whoever leaves in the middle of a stream may do so before the watch has looked.
        if (isByteSource(response.body)) request.onAbort(() => invocation.cancel());
        settle({ outcome: "ok", response, cpuMs: invocation.cpuMs, memoryBytes: isolate.memoryBytes });
      },
      onFailure: (outcome, guest) => {
        const detail = guest === null ? this.#explainEnd(revision, outcome, invocation) : this.#explain(revision, guest);
        if (guest !== null && detail !== null) this.#observer.failure({ app: app.name, requestId: request.requestId, ...detail });
        // Nothing of it has been told, unlike of an end by force.
        else if (detail !== null && invocation.kill === null) this.#observer.failure({ app: app.name, requestId: request.requestId, name: outcome, message: `no answer within ${invocation.limits.wallMs} ms, which wall_ms allows`, stack: "", frame: "" });
        const failed = { ...(outcome === "isolateLost" && app.isDraining ? draining(app) : failure(outcome)), cpuMs: invocation.cpuMs, memoryBytes: isolate.memoryBytes, ...(detail === null || !this.#showsErrors ? {} : { detail }) };
        const { fallback } = revision.config;
        if (guest?.name !== PASS_THROUGH || fallback === null) settle(failed);
        else void passThrough(fallback, request).then((response) => settle(response === null ? failed : { outcome: "ok", response, cpuMs: invocation.cpuMs }));
      },
      onOver: ({ outcome, cpuMs, fuel, memoryBytes, profile }) => {
        app.gate.release();
        this.#observer.invocation({ app: app.name, requestId: request.requestId, outcome, cpuMs, fuel, memoryBytes, profile: profile === null ? null : revision.mapProfile(profile) });
      },
    });
    const trigger = this.#triggerOf(request);
    if (trigger !== null) invocation.enter(trigger.event, trigger.cron, trigger.timeMs);
    else {
      const body = asSource(request.body);
      const rid = body === null ? 0 : invocation.resources.add("source", body, () => body.cancel());
      invocation.enter("fetch", `${request.method}\n${request.url}\n${request.headers}`, rid);
    }
    if (result.value === null) this.#departures.watch(request, invocation);
    return result.value ?? result.later();
  }

  #triggerOf({ url }: DispatchRequest): Trigger | null {
    return this.#showsErrors ? triggerOf(url, Date.now()) : null;
  }

  #explain(revision: Revision, failure: GuestFailure): FailureDetail {
    const { stack } = failure;
    const frame = this.#showsErrors ? revision.frameOf(stack) : "";
    return { name: revision.redact(failure.name), message: revision.redact(failure.message), stack: revision.redact(stack), frame: revision.redact(frame), ...(frame === "" ? {} : { place: placeOfStack(stack) }) };
  }

  /** Which limit was in the way. */
  #explainEnd(revision: Revision, outcome: Exclude<Outcome, "ok">, { kill, limits }: GuestInvocation): FailureDetail | null {
    if (!this.#showsErrors) return null;
    if (kill === null && outcome !== "exceededWallTime") return null;
    const { stack = "", limitKey: key, used, limit: allowed, unit } = kill ?? { limitKey: "wall_ms", used: limits.wallMs, limit: limits.wallMs, unit: "ms" as const };
    return { ...this.#explain(revision, { name: "", message: "", stack }), limit: { key, used, allowed, unit } };
  }

  /** Or why there is none; the place is given back then. */
  #takeIsolate(app: App, pool: IsolatePool, { requestId }: DispatchRequest): Isolate | "loadShed" | "internalError" {
    let why: "loadShed" | "internalError" = "loadShed";
    try {
      const isolate = pool.take();
      if (isolate !== null) return isolate;
    } catch (error) {
      this.#observer.fault(requestId, error);
      why = "internalError";
    }
    app.gate.release();
    return why;
  }
}

/** A result that most requests have before anybody needs a promise of it. */
class Settling {
  value: DispatchResult | null = null;
  #resolve: ((value: DispatchResult) => void) | null = null;

  settle(value: DispatchResult): void {
    if (this.value !== null) return;
    this.value = value;
    this.#resolve?.(value);
  }

  later(): Promise<DispatchResult> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

/** Asking a server to tell when a client leaves costs as much as a small request takes: only those that are still open after a while are asked for. */
class DepartureWatch {
  #young: { readonly request: DispatchRequest; readonly invocation: GuestInvocation }[] = [];
  #isScheduled = false;

  watch(request: DispatchRequest, invocation: GuestInvocation): void {
    this.#young.push({ request, invocation });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => this.#sweep(), DEPARTURE_MS);
  }

  #sweep(): void {
    const young = this.#young;
    this.#young = [];
    this.#isScheduled = false;
    for (const { request, invocation } of young) if (!invocation.isAnswered) request.onAbort(() => invocation.cancel());
  }
}

function failure(outcome: Exclude<Outcome, "ok">): DispatchFailure & { readonly cpuMs: number } {
  const code = CODE[outcome];
  return code === "isolate_lost" ? { outcome, code, retryAfterS: 0, cpuMs: 0 } : { outcome, code, cpuMs: 0 };
}

function draining(app: App): DispatchFailure & { readonly cpuMs: number } {
  return { outcome: "loadShed", code: "draining", retryAfterS: Math.ceil(app.config.limits.drainMs / 1000), cpuMs: 0 };
}

function loadFailure(error: Error | null): FailureDetail {
  const problems = error instanceof LoadError ? { problems: error.problems } : {};
  return { name: error?.name ?? "LoadError", message: error?.message ?? "the app did not load", stack: "", frame: "", ...problems };
}

/** Guests pull bodies. */
function asSource(body: WireBody): ByteSource | null {
  return body === null || isByteSource(body) ? body : sourceOf(body);
}
