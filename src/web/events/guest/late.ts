/** What EventTarget needs of modules that themselves build on it. Each fills in its part when it is evaluated, before any app runs. */
import type { Event } from "./event.ts";

export interface LateBound {
  isAbortSignal(value: unknown): value is object;
  isAborted(signal: object): boolean;
  addAbortAlgorithm(signal: object, algorithm: () => void): void;
  /** `target` has got a listener. */
  listenerAdded(target: object): void;
  /** https://html.spec.whatwg.org/#report-an-exception */
  reportException(error: unknown): void;
  /** The arguments of a global `onerror` handler; undefined for what is no ErrorEvent. */
  errorEventParts(event: Event): unknown[] | undefined;
}

export const late = { __proto__: null } as unknown as LateBound;
