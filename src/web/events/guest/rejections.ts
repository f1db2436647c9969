/** Rejected promises that nobody handles: `unhandledrejection` and `rejectionhandled` (https://html.spec.whatwg.org/#unhandled-promise-rejections). */
import { onEvent } from "../../infra/guest/events.ts";
import { arrayPush, arrayRemove, SafeWeakSet, weakSetAdd, weakSetDelete } from "../../infra/guest/primordials.ts";
import { startTimer } from "../../timers/guest.ts";
import { PromiseRejectionEvent } from "./event-classes.ts";
import { fireEvent, hasListener } from "./event-target.ts";
import { logUncaught } from "./report.ts";

interface Rejection {
  readonly promise: object;
  readonly reason: unknown;
  isHandled: boolean;
}

/** https://html.spec.whatwg.org/#about-to-be-notified-rejected-promises-list */
let waiting: Rejection[] = [];
/** Those whose notification is under way. */
let notifying: Rejection[] = [];
/** https://html.spec.whatwg.org/#outstanding-rejected-promises-weak-set */
const outstanding = new SafeWeakSet<object>();

/** Called by the engine, in the middle of anything. https://html.spec.whatwg.org/#the-hostpromiserejectiontracker-implementation */
export function trackRejection(promise: object, reason: unknown, isHandled: number): void {
  if (isHandled === 0) arrayPush(waiting, { promise, reason, isHandled: false });
  else if (!forget(promise) && !markHandled(promise) && weakSetDelete(outstanding, promise) && hasListener(globalThis, "rejectionhandled"))
    startTimer(() => fire("rejectionhandled", promise, reason, false), 0);
}

/** From the end: most are handled at once, and a loop of them must not pay for each other. */
function forget(promise: object): boolean {
  for (let i = waiting.length - 1; i >= 0; i--) {
    if ((waiting[i] as Rejection).promise !== promise) continue;
    arrayRemove(waiting, i);
    return true;
  }
  return false;
}

function markHandled(promise: object): boolean {
  for (let i = 0; i < notifying.length; i++) {
    const rejection = notifying[i] as Rejection;
    if (rejection.promise !== promise) continue;
    rejection.isHandled = true;
    return true;
  }
  return false;
}

const fire = (type: string, promise: object, reason: unknown, cancelable: boolean): boolean => fireEvent(globalThis, new PromiseRejectionEvent(type, { __proto__: null, promise, reason, cancelable }));

/** The microtasks have been done. https://html.spec.whatwg.org/#notify-about-rejected-promises. One line is logged, however many there are. */
onEvent("rejections", () => {
  notifying = waiting;
  waiting = [];
  let uncaught = 0;
  let first: unknown;
  for (let i = 0; i < notifying.length; i++) {
    const rejection = notifying[i] as Rejection;
    if (rejection.isHandled) continue;
    const { promise, reason } = rejection;
    if (!hasListener(globalThis, "unhandledrejection") || fire("unhandledrejection", promise, reason, true)) if (++uncaught === 1) first = reason;
    if (!rejection.isHandled) weakSetAdd(outstanding, promise);
  }
  notifying = [];
  if (uncaught > 0) logUncaught(uncaught === 1 ? "Uncaught (in promise) " : "Uncaught (in promise, the first of " + uncaught + ") ", first);
});
