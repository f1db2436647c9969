/**
 * One invocation in one isolate, as a state machine: waiting for the answer → passing its body on → `waitUntil` → over. Each phase has its own
 * deadline. Whatever the event opened is closed when it is over.
 */
import type { Outcome } from "../base/outcome.ts";
import type { DeadlineSweeper, Due } from "../base/deadline.ts";
import type { GuestFailure, Invocation, InvocationLimits, InvocationSummary, Kill, OpContext } from "./invocation.ts";
import type { InvocationProfile } from "./profile.ts";
import { Resources } from "./resources.ts";

/** What an invocation needs of its isolate. */
export interface InvocationHome {
  readonly sweeper: DeadlineSweeper;
  readonly fuelPerMs: number;
  nextRid(): number;
  enqueueEvent(invocation: GuestInvocation, event: string, a: string | number, b: string | number): void;
  /** The deadline passed. True when guest code of this invocation is on the stack, so that only ending the isolate can stop it. */
  isEntered(invocation: GuestInvocation): boolean;
  /** Fuel that the invocation has burnt in the slice that runs, and has not been charged for. */
  unsettledFuel(invocation: GuestInvocation): number;
  condemn(outcome: Kill["outcome"], culprit: GuestInvocation, stack?: string): void;
  /** The invocation burnt more than it may, and what the guest says now it says on borrowed time. */
  isPastLimit(invocation: GuestInvocation): boolean;
  over(invocation: GuestInvocation): void;
  followContexts(): void;
  hideSource(isHidden: boolean): void;
  peer(id: number): GuestInvocation | undefined;
  readonly memoryBytes: number;
  readonly clockStartMs: number;
  mapStack(stack: string): string;
}

export interface InvocationOptions {
  readonly id: number;
  readonly requestId: string;
  readonly app: string;
  readonly limits: InvocationLimits;
  readonly hops?: number;
  /** Start-up has a CPU limit of its own. */
  readonly startupCpuMs?: number;
  /** The answer, once. */
  readonly onAnswer: (answer: unknown) => void;
  /** There will be no answer. Called at most once, and never after `onAnswer`. */
  readonly onFailure: (outcome: Exclude<Outcome, "ok">, failure: GuestFailure | null) => void;
  /** An exception or a rejection was handled by nobody, and has been logged. */
  readonly onUncaught?: () => void;
  readonly onOver?: (summary: InvocationSummary) => void;
}

type Phase = "waiting" | "answered" | "finishing" | "over";

export class GuestInvocation implements Invocation, OpContext, Due {
  readonly id: number;
  readonly requestId: string;
  readonly app: string;
  readonly limits: InvocationLimits;
  readonly hops: number;
  readonly resources: Resources;
  fuelLimit: number;
  readonly #fuelPerMs: number;
  dueAt: number;
  fuelUsed = 0;
  /** Async ops that have not settled. */
  pendingCalls = 0;
  /** Null unless it is to be made. */
  profile: InvocationProfile | null = null;
  readonly #home: InvocationHome;
  readonly #options: InvocationOptions;
  #phase: Phase = "waiting";
  #outcome: Outcome = "ok";
  #failure: GuestFailure | null = null;
  #kill: Kill | null = null;
  #guestDone = false;
  #bodyDone = true;
  #controller: AbortController | null = null;

  constructor(home: InvocationHome, options: InvocationOptions) {
    this.#home = home;
    this.#options = options;
    this.id = options.id;
    this.requestId = options.requestId;
    this.app = options.app;
    this.limits = options.limits;
    this.hops = options.hops ?? 0;
    this.resources = new Resources(home);
    this.#fuelPerMs = home.fuelPerMs;
    this.fuelLimit = (options.startupCpuMs ?? options.limits.cpuMs) * home.fuelPerMs;
    this.dueAt = home.sweeper.now() + options.limits.wallMs;
    home.sweeper.watch(this);
  }

  get invocation(): Invocation {
    return this;
  }
  get clockStartMs(): number {
    return this.#home.clockStartMs;
  }
  get isOver(): boolean {
    return this.#phase === "over";
  }
  get outcome(): Outcome {
    return this.#outcome;
  }
  /** What ended it by force; null while nothing has. */
  get kill(): Kill | null {
    return this.#kill;
  }
  get isAnswered(): boolean {
    return this.#phase !== "waiting";
  }
  get cpuLimitKey(): string {
    return this.#options.startupCpuMs === undefined ? "cpu_ms" : "startup_cpu_ms";
  }
  get cpuLimitMs(): number {
    return this.fuelLimit / this.#fuelPerMs;
  }
  get overdueMs(): number {
    return this.#home.sweeper.now() - this.dueAt;
  }
  get cpuMs(): number {
    return this.fuel / this.#fuelPerMs;
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#phase === "over") this.#controller.abort();
    return this.#controller.signal;
  }

  charge(fuel: number): void {
    this.fuelUsed += fuel;
    if (this.profile !== null && !this.#home.isEntered(this)) this.profile.outside(fuel);
  }

  /** Fuel so far, the slice that runs included. */
  get fuel(): number {
    return this.fuelUsed + this.#home.unsettledFuel(this);
  }

  /** Ends the isolate when the invocation is past its limit and only tells where it was: in `stack`. False when it is not. */
  endIfSpent(stack: string): boolean {
    const isSpent = this.#home.isPastLimit(this);
    if (isSpent) this.#home.condemn("exceededCpu", this, stack);
    return isSpent;
  }

  /** Another piece of work begins, which may use `cpuMs`. For whoever does one after the other in one invocation. */
  renew(cpuMs: number): void {
    this.fuelUsed = -this.#home.unsettledFuel(this);
    this.fuelLimit = cpuMs * this.#fuelPerMs;
  }

  enter(event: string, a: string | number = 0, b: string | number = 0): void {
    if (this.#phase !== "over") this.#home.enqueueEvent(this, event, a, b);
  }

  answer(answer: unknown, body?: Promise<unknown>): void {
    if (this.#phase !== "waiting") return;
    if (this.#home.isPastLimit(this)) {
      this.#home.condemn("exceededCpu", this);
      return;
    }
    this.#phase = "answered";
    if (body !== undefined) {
      this.#bodyDone = false;
      this.#dueIn(this.limits.streamMs);
      const done = () => {
        this.#bodyDone = true;
        this.#advance();
      };
      body.then(done, done);
    }
    this.#options.onAnswer(answer);
    this.#advance();
  }

  fail(outcome: "exception" | "badResponse", failure: GuestFailure): void {
    if (this.#phase !== "waiting") return;
    if (this.#home.isPastLimit(this)) {
      this.#home.condemn("exceededCpu", this, failure.stack);
      return;
    }
    this.#failure = failure;
    this.#giveUp(outcome);
    this.#advance();
  }

  /** The client went away: the guest is told, and may finish what it asked `waitUntil` for. */
  cancel(): void {
    if (this.#phase === "over") return;
    // Before the guest hears of it: what it does then is no answer any more.
    if (this.#phase === "waiting") this.#giveUp("canceled");
    else if (this.#outcome === "ok" && !this.#bodyDone) this.#outcome = "canceled";
    this.enter("abort", "The client has disconnected");
    this.#bodyDone = true;
    this.#advance();
  }

  finish(): void {
    this.#guestDone = true;
    if (this.#phase === "finishing") this.#close();
    else this.#advance();
  }

  uncaught(): void {
    this.#options.onUncaught?.();
  }

  hideSource(isHidden: boolean): void {
    this.#home.hideSource(isHidden);
  }

  followContexts(): void {
    this.#home.followContexts();
  }

  mapStack(stack: string): string {
    return this.#home.mapStack(stack);
  }

  peer(id: number): GuestInvocation | undefined {
    return id === this.id ? this : this.#home.peer(id);
  }

  /** Ends now. `kill` tells why when this invocation is to blame. */
  end(outcome: Outcome, kill: Kill | null = null): void {
    if (this.#phase === "over") return;
    this.#kill = kill;
    if (this.#phase === "waiting") this.#giveUp(outcome as Exclude<Outcome, "ok">);
    else if (outcome !== "ok") this.#outcome = outcome;
    this.#close();
  }

  onDue(): void {
    if (this.#phase === "finishing") this.#close();
    else if (this.#home.isEntered(this)) this.#home.condemn("exceededWallTime", this);
    else this.end("exceededWallTime");
  }

  #giveUp(outcome: Exclude<Outcome, "ok">): void {
    this.#phase = "answered";
    this.#outcome = outcome;
    this.#options.onFailure(outcome, this.#failure);
  }

  #advance(): void {
    if (this.#phase !== "answered" || !this.#bodyDone) return;
    if (this.#guestDone) this.#close();
    else {
      this.#phase = "finishing";
      this.#dueIn(this.limits.waitUntilMs);
    }
  }

  #dueIn(ms: number): void {
    this.dueAt = this.#home.sweeper.now() + ms;
  }

  #close(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#home.sweeper.unwatch(this);
    this.resources.closeAll();
    this.#controller?.abort();
    this.#home.over(this);
    this.#options.onOver?.({ outcome: this.#outcome, cpuMs: this.cpuMs, fuel: this.fuel, memoryBytes: this.#home.memoryBytes, failure: this.#failure, kill: this.#kill, profile: this.profile?.finish(this.fuel) ?? null });
  }
}
