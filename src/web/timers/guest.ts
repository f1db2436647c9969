/** setTimeout and its kin (https://html.spec.whatwg.org/#timers), queueMicrotask. A timer fires only while the invocation that started it lasts. */
import { reportException } from "../events/guest/report.ts";
import { getContext, keepContext } from "../infra/guest/async-context.ts";
import { onEvent } from "../infra/guest/events.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { arraySlice, mapDelete, mapForEach, mapGet, mapSet, mapSize, mathMax, promiseResolve, promiseThen, reflectApply, SafeMap, SafeTypeError } from "../infra/guest/primordials.ts";
import { exposeOperation, requireArguments } from "../infra/guest/webidl.ts";
import { toCallback, toLong } from "../infra/guest/webidl-convert.ts";
import { timersOps } from "./ops.ts";

const { timer_start, timer_cancel, timer_lives } = hostOps(timersOps);

interface Timer {
  readonly run: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
  /** Milliseconds between runs; -1 for a timer that runs once. */
  readonly intervalMs: number;
  nesting: number;
  invocation: number;
}

/** From this nesting level on the spec asks for a delay of at least `NESTED_MIN_MS`. */
const MAX_NESTING = 5;
const NESTED_MIN_MS = 4;
const MAX_HANDLE = 0x7fffffff;

/** So many timers are kept before those of ended invocations are looked for. */
const SWEEP_FROM = 64;

const timers = new SafeMap<number, Timer>();
let sweepAt = SWEEP_FROM;
let lastHandle = 0;
let nesting = 0;

function start(run: Timer["run"], delayMs: number, args: readonly unknown[], repeat: boolean): number {
  const handle = lastHandle === MAX_HANDLE ? 1 : lastHandle + 1;
  const ms = delayMs < 0 ? 0 : delayMs;
  const timer: Timer = { run: getContext() === undefined ? run : (keepContext(run) as Timer["run"]), args, intervalMs: repeat ? ms : -1, nesting: nesting + 1, invocation: 0 };
  timer.invocation = timer_start(handle, clamp(ms, nesting));
  lastHandle = handle;
  mapSet(timers, handle, timer);
  if (mapSize(timers) >= sweepAt) sweep();
  return handle;
}

/** Drops the timers of invocations that are over: they never fire, and nobody else tells us. */
function sweep(): void {
  const lives = new SafeMap<number, boolean>();
  mapForEach(timers, ({ invocation }, handle) => {
    let alive = mapGet(lives, invocation);
    if (alive === undefined) {
      alive = timer_lives(invocation);
      mapSet(lives, invocation, alive);
    }
    if (!alive) mapDelete(timers, handle);
  });
  sweepAt = mathMax(SWEEP_FROM, mapSize(timers) * 2);
}

function clamp(ms: number, level: number): number {
  return level > MAX_NESTING && ms < NESTED_MIN_MS ? NESTED_MIN_MS : ms;
}

function cancel(handle: number): void {
  const timer = mapGet(timers, handle);
  if (timer === undefined) return;
  mapDelete(timers, handle);
  timer_cancel(timer.invocation, handle);
}

/** A timer of our own: no coercions, any delay. Returns its handle. */
export const startTimer = (run: () => void, delayMs: number): number => start(run, delayMs, NO_ARGUMENTS, false);
export const cancelTimer = cancel;
const NO_ARGUMENTS: readonly unknown[] = [];

onEvent("timer", (_invocation, id) => {
  const handle = id as number;
  const timer = mapGet(timers, handle);
  if (timer === undefined) return;
  if (timer.intervalMs < 0) mapDelete(timers, handle);
  nesting = timer.nesting;
  try {
    reflectApply(timer.run, globalThis, timer.args);
  } catch (error) {
    reportException(error);
  }
  nesting = 0;
  // An interval is armed again only now: one that cannot keep up does not pile up.
  if (timer.intervalMs >= 0 && mapGet(timers, handle) === timer) {
    timer.invocation = timer_start(handle, clamp(timer.intervalMs, timer.nesting));
    timer.nesting++;
  }
});

function toTimerCallback(value: unknown, where: string): Timer["run"] {
  if (typeof value !== "function") throw new SafeTypeError(where + ": the callback is not a function (text is not evaluated as code)");
  return value as Timer["run"];
}

function operation(name: string, repeat: boolean): (...args: unknown[]) => number {
  return (...args) => {
    requireArguments(args.length, 1, name);
    const run = toTimerCallback(args[0], name);
    const delayMs = args[1] === undefined ? 0 : toLong(args[1], name);
    return start(run, delayMs, args.length > 2 ? arraySlice(args, 2) : NO_ARGUMENTS, repeat);
  };
}

function clear(name: string): (handle?: unknown) => void {
  return (handle) => cancel(handle === undefined ? 0 : toLong(handle, name));
}

exposeOperation("setTimeout", operation("setTimeout", false), 1);
exposeOperation("setInterval", operation("setInterval", true), 1);
exposeOperation("clearTimeout", clear("clearTimeout"), 0);
exposeOperation("clearInterval", clear("clearInterval"), 0);

const settled = promiseResolve(undefined);

exposeOperation("queueMicrotask", function queueMicrotask(callback: unknown) {
  requireArguments(arguments.length, 1, "queueMicrotask");
  const run = toCallback<() => unknown>(callback, "queueMicrotask");
  promiseThen(settled, () => {
    try {
      reflectApply(run, undefined, []);
    } catch (error) {
      reportException(error);
    }
  });
});
