/** Host side of timers. Every timer belongs to the invocation that started it. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { Invocation, OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { timersOps } from "./ops.ts";

/** Who waits. A handle may be anything. */
export interface TimerService {
  start(run: () => void, ms: number): unknown;
  cancel(handle: unknown): void;
}

export const realTimers: TimerService = {
  start: (run, ms) => setTimeout(run, ms),
  cancel: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** The timers of one invocation by the guest's number. One resource for all of them, closed with the invocation. */
class TimerSet {
  readonly #service: TimerService;
  readonly #handles = new Map<number, unknown>();
  /** The last timer has fired or was cancelled: an invocation without timers holds nothing for them. */
  onEmpty: () => void = () => {};

  constructor(service: TimerService) {
    this.#service = service;
  }

  get size(): number {
    return this.#handles.size;
  }

  start(id: number, ms: number, fire: () => void): void {
    this.cancel(id);
    const handle = this.#service.start(() => {
      this.#remove(id);
      fire();
    }, ms);
    this.#handles.set(id, handle);
  }

  cancel(id: number): void {
    if (this.#handles.has(id)) this.#service.cancel(this.#handles.get(id));
    this.#remove(id);
  }

  #remove(id: number): void {
    if (this.#handles.delete(id) && this.#handles.size === 0) this.onEmpty();
  }

  close(): void {
    for (const handle of this.#handles.values()) this.#service.cancel(handle);
    this.#handles.clear();
  }
}

/** About what a host timer costs us, in fuel. */
const TIMER_FUEL = 500;
/** `setTimeout` of hosts overflows past this. Longer than any invocation may last. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export function createTimersHost(service: TimerService): Handlers<typeof timersOps, OpContext> {
  const sets = new WeakMap<Invocation, TimerSet>();

  const open = (invocation: Invocation): TimerSet => {
    const set = new TimerSet(service);
    const rid = invocation.resources.add("timers", set, () => set.close());
    set.onEmpty = () => {
      sets.delete(invocation);
      invocation.resources.release(rid);
    };
    sets.set(invocation, set);
    return set;
  };

  return {
    timer_start(ctx, id, ms) {
      const { invocation } = ctx;
      const limit = invocation.limits.timers;
      if (limit === 0) throw new GuestError("TypeError", "timers can be started only while an event is handled, not while the module is loaded");
      const set = sets.get(invocation) ?? open(invocation);
      if (set.size >= limit) throw new GuestError("QuotaExceededError", `more than ${limit} timers at once (the limit "timers")`);
      ctx.charge(TIMER_FUEL);
      set.start(id, Math.min(Math.max(ms, 1), MAX_DELAY_MS), () => ctx.enter("timer", id));
      return invocation.id;
    },
    timer_cancel(ctx, owner, id) {
      const peer = ctx.peer(owner);
      if (peer !== undefined) sets.get(peer.invocation)?.cancel(id);
    },
    timer_lives: (ctx, owner) => ctx.peer(owner) !== undefined,
  };
}
