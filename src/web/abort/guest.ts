/** AbortController and AbortSignal (https://dom.spec.whatwg.org/#aborting-ongoing-activities). */
import { Event } from "../events/guest/event.ts";
import { defineEventHandler, EventTarget, fireEvent, hasListener } from "../events/guest/event-target.ts";
import { late } from "../events/guest/late.ts";
import { DOMException } from "../infra/guest/dom-exception.ts";
import { arrayIncludes, arrayIndexOf, arrayPush, arrayRemove, SafeTypeError, SafeWeakRef, weakRefDeref } from "../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../infra/guest/webidl.ts";
import { isObject, toSequence, toUnsignedLongLongEnforced } from "../infra/guest/webidl-convert.ts";
import { startTimer } from "../timers/guest.ts";

type Algorithm = () => void;

let isSignal!: (value: object) => boolean;
let stateOf!: (signal: AbortSignal) => SignalState;

/** Kept apart so that our own code reads it without going through members that an app can replace. */
interface SignalState {
  aborted: boolean;
  reason: unknown;
  algorithms: Algorithm[] | null;
  /** The signals this one follows, never dependent ones; null unless it was made by `any`. */
  sources: readonly AbortSignal[] | null;
  /** The signals that follow this one: weak, so that a signal that lives long does not collect those of every request. */
  dependents: WeakRef<AbortSignal>[] | null;
  /** Those of `dependents` that somebody listens to. */
  kept: AbortSignal[] | null;
}

export class AbortSignal extends EventTarget {
  #state: SignalState = { aborted: false, reason: undefined, algorithms: null, sources: null, dependents: null, kept: null };

  constructor(key?: symbol) {
    requireConstructionKey(key);
    super();
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = createAbortSignal();
    signal.#state.aborted = true;
    signal.#state.reason = orAbortError(reason);
    return signal;
  }
  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.timeout");
    const delay = toUnsignedLongLongEnforced(milliseconds, "AbortSignal.timeout");
    const signal = createAbortSignal();
    startTimer(() => signalAbort(signal, new DOMException("The operation timed out", "TimeoutError")), delay);
    return signal;
  }
  static any(signals: unknown): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.any");
    return createDependentSignal(toSequence(signals, toSignal, "AbortSignal.any"));
  }

  get aborted(): boolean {
    return this.#state.aborted;
  }
  get reason(): unknown {
    return this.#state.reason;
  }
  throwIfAborted(): void {
    if (this.#state.aborted) throw this.#state.reason;
  }

  static {
    isSignal = (value) => #state in value;
    stateOf = (signal) => signal.#state;
  }
}
defineEventHandler(AbortSignal.prototype, "abort");
defineInterface(AbortSignal, "AbortSignal", { inspected: ["aborted", "reason"] });

export const isAbortSignal = (value: unknown): value is AbortSignal => isObject(value) && isSignal(value);
export const isAborted = (signal: AbortSignal): boolean => stateOf(signal).aborted;
export const abortReason = (signal: AbortSignal): unknown => stateOf(signal).reason;
export const createAbortSignal = (): AbortSignal => new AbortSignal(constructionKey);

function toSignal(value: unknown, where: string): AbortSignal {
  if (!isAbortSignal(value)) throw new SafeTypeError(where + ": not an AbortSignal");
  return value;
}

function orAbortError(reason: unknown): unknown {
  return reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
}

/** https://dom.spec.whatwg.org/#abortsignal-add. Does nothing once the signal is aborted: ask `isAborted` first. */
export function addAbortAlgorithm(signal: AbortSignal, algorithm: Algorithm): void {
  const state = stateOf(signal);
  if (state.aborted) return;
  if (state.algorithms === null) state.algorithms = [algorithm];
  else arrayPush(state.algorithms, algorithm);
  keepWhileFollowing(signal);
}

export function removeAbortAlgorithm(signal: AbortSignal, algorithm: Algorithm): void {
  const { algorithms } = stateOf(signal);
  const at = algorithms === null ? -1 : arrayIndexOf(algorithms, algorithm);
  if (at >= 0) arrayRemove(algorithms as Algorithm[], at);
}

/** Somebody waits for `signal`: from now on its sources hold it. */
function keepWhileFollowing(signal: AbortSignal): void {
  const { aborted, sources } = stateOf(signal);
  if (sources === null || aborted) return;
  for (let i = 0; i < sources.length; i++) {
    const source = stateOf(sources[i] as AbortSignal);
    if (source.kept === null) source.kept = [signal];
    else if (!arrayIncludes(source.kept, signal)) arrayPush(source.kept, signal);
  }
}

/** https://dom.spec.whatwg.org/#abortsignal-signal-abort. Every dependent is marked before anybody's code runs. Undefined means an AbortError. */
export function signalAbort(signal: AbortSignal, reason?: unknown): void {
  const state = stateOf(signal);
  if (state.aborted) return;
  state.aborted = true;
  state.reason = orAbortError(reason);
  const aborted = [signal];
  const { dependents } = state;
  if (dependents !== null)
    for (let i = 0; i < dependents.length; i++) {
      const dependent = weakRefDeref(dependents[i] as WeakRef<AbortSignal>);
      if (dependent === undefined || stateOf(dependent).aborted) continue;
      stateOf(dependent).aborted = true;
      stateOf(dependent).reason = state.reason;
      arrayPush(aborted, dependent);
    }
  state.dependents = null;
  state.kept = null;
  for (let i = 0; i < aborted.length; i++) runAbortSteps(aborted[i] as AbortSignal);
}

function runAbortSteps(signal: AbortSignal): void {
  const state = stateOf(signal);
  const { algorithms, sources } = state;
  state.algorithms = null;
  state.sources = null;
  if (sources !== null)
    for (let i = 0; i < sources.length; i++) {
      const { kept } = stateOf(sources[i] as AbortSignal);
      const at = kept === null ? -1 : arrayIndexOf(kept, signal);
      if (at >= 0) arrayRemove(kept as AbortSignal[], at);
    }
  if (algorithms !== null) for (let i = 0; i < algorithms.length; i++) (algorithms[i] as Algorithm)();
  if (hasListener(signal, "abort")) fireEvent(signal, new Event("abort"));
}

/** https://dom.spec.whatwg.org/#create-a-dependent-abort-signal */
export function createDependentSignal(signals: readonly AbortSignal[]): AbortSignal {
  const result = createAbortSignal();
  const state = stateOf(result);
  for (let i = 0; i < signals.length; i++) {
    const { aborted, reason } = stateOf(signals[i] as AbortSignal);
    if (!aborted) continue;
    state.aborted = true;
    state.reason = reason;
    return result;
  }
  const sources: AbortSignal[] = [];
  const reference = new SafeWeakRef(result);
  for (let i = 0; i < signals.length; i++) {
    const signal = signals[i] as AbortSignal;
    const roots = stateOf(signal).sources ?? [signal];
    for (let j = 0; j < roots.length; j++) {
      const root = roots[j] as AbortSignal;
      if (arrayIncludes(sources, root)) continue;
      arrayPush(sources, root);
      follow(stateOf(root), reference);
    }
  }
  state.sources = sources;
  return result;
}

function follow(source: SignalState, dependent: WeakRef<AbortSignal>): void {
  const live: WeakRef<AbortSignal>[] = [];
  const { dependents } = source;
  if (dependents !== null)
    for (let i = 0; i < dependents.length; i++) {
      const reference = dependents[i] as WeakRef<AbortSignal>;
      if (weakRefDeref(reference) !== undefined) arrayPush(live, reference);
    }
  arrayPush(live, dependent);
  source.dependents = live;
}

late.isAbortSignal = isAbortSignal;
late.isAborted = isAborted as typeof late.isAborted;
late.addAbortAlgorithm = addAbortAlgorithm as typeof late.addAbortAlgorithm;
late.listenerAdded = (target) => {
  if (isAbortSignal(target)) keepWhileFollowing(target);
};

export class AbortController {
  #signal = createAbortSignal();
  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    signalAbort(this.#signal, reason);
  }
}
defineInterface(AbortController, "AbortController", { inspected: ["signal"] });
