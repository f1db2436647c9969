/**
 * An isolate: one engine instance running one revision. It takes events one entry at a time, under the scheduler, charges what they
 * burn to their invocations, and is condemned, never repaired, when a limit is broken or a host exception unwinds through it.
 */
import type { DeadlineSweeper } from "../base/deadline.ts";
import { type EngineInstance, OutOfMemory } from "./engine/engine.ts";
import { Entrance, type Entry, type SettleEntry } from "./entry.ts";
import { describeKill, hostFailure } from "./kill.ts";
import { FuelMeter } from "./fuel-meter.ts";
import { GuestInvocation, type InvocationHome, type InvocationOptions } from "./guest-invocation.ts";
import type { Kill } from "./invocation.ts";
import type { MemoryHolder } from "./memory/guest-memory.ts";
import type { IsolateHost, IsolateOptions } from "./isolate-host.ts";
import { GuestStack } from "./engine/guest-stack.ts";
import { InvocationProfile } from "./profile.ts";
import { OpCalls } from "./op-calls.ts";
import { resumeStacks, takeException } from "./engine/thrown.ts";
import { takeRejections } from "./engine/rejections.ts";
import type { Account } from "./scheduler.ts";
import { OwnMemory, roundedGrowth } from "./memory/own-memory.ts";
import { type Snapshot, takeBase, takeSnapshot } from "./memory/snapshot.ts";

/** An error that unwinds the guest. It never reaches guest code. */
class Condemned extends Error {}

/** Slices that the interpreter gets, past the CPU limit, to reach a poll: there the engine can say where it was. */
const LAST_WORDS_SLICES = 3;

/** Touching fresh memory costs the kernel about 0.4 ms a megabyte, which no instruction of the guest shows. */
const FUEL_PER_GROWN_BYTE = 1 / 6;

export class Isolate implements InvocationHome, MemoryHolder {
  readonly #host: IsolateHost;
  readonly #options: IsolateOptions;
  readonly #engine: EngineInstance;
  readonly #meter: FuelMeter;
  readonly #entrance: Entrance;
  readonly #calls: OpCalls;
  readonly mapStack = (stack: string): string => this.#options.mapStack?.(stack) ?? stack;
  /** Null where nothing is profiled. */
  readonly #stack: GuestStack | null;
  readonly #invocations = new Map<number, GuestInvocation>();
  readonly #queue: Entry[] = [];
  #current: GuestInvocation | null = null;
  #suspended: { resume: (interrupt: number) => void; end: (reason: Error) => void } | null = null;
  #requested = false;
  #pastLimit = 0;
  #condemned: Kill | null = null;
  #nextInvocation = 1;
  #nextRid = 1;
  #clockStartMs: number;
  /** The first since it was made or renewed. */
  #firstInvocation = 1;
  readonly #memory: OwnMemory;

  constructor(options: IsolateOptions) {
    const { host } = options;
    this.#host = host;
    this.#options = options;
    this.#clockStartMs = options.clockStartMs ?? 0;
    const blank = host.blanks.take(options.snapshot.image, options.memoryBytes);
    this.#engine = blank.engine;
    this.#engine.hooks = {
      callFunction: (_argc, argv, id) => this.#callOp(argv, id),
      interrupt: (polled) => this.#interrupt(polled),
      grow: (bytes) => this.#grow(bytes),
      now: () => host.now(),
    };
    this.#memory = new OwnMemory(host, blank, options.snapshot, this);
    this.#engine.reseed();
    this.#engine.resumeContexts();
    resumeStacks(this.#engine);
    host.memory.add(this);
    this.#meter = new FuelMeter(this.#engine, host.slices, host.scheduler, options.account);
    this.#entrance = new Entrance(this.#engine, this.#meter, host.events.get("load") ?? 0);
    this.#calls = new OpCalls(this, this.#engine, host.ops);
    this.#stack = host.profiledFile === undefined ? null : new GuestStack(this.#engine, host.profiledFile);
    if (this.#stack !== null) this.#meter.quantum = () => (this.#pastLimit > 0 ? null : (this.#current?.profile?.quantum(this.#current.fuelUsed) ?? null));
  }

  get sweeper(): DeadlineSweeper {
    return this.#host.sweeper;
  }
  get fuelPerMs(): number {
    return this.#host.fuelPerMs;
  }
  get clockStartMs(): number {
    return this.#clockStartMs;
  }
  get isCondemned(): boolean {
    return this.#condemned !== null;
  }
  /** Guest code is on the stack, or work waits for a turn. */
  get isBusy(): boolean {
    return this.#current !== null || this.#queue.length > 0;
  }
  /** Guest code used up a slice and waits for the next. */
  get isSuspended(): boolean {
    return this.#suspended !== null;
  }
  get invocationCount(): number {
    return this.#invocations.size;
  }
  /** Of the invocations that are not over. */
  get requestIds(): readonly string[] {
    return [...this.#invocations.values()].map(({ requestId }) => requestId);
  }
  /** What runs here holds so much memory that one more may be the end of all. */
  get isCrowded(): boolean {
    return this.#invocations.size > 0 && this.memoryBytes * 2 > this.#options.memoryBytes;
  }
  get memoryBytes(): number {
    return this.#engine.bytes.byteLength;
  }
  get account(): Account {
    return this.#options.account;
  }
  /** To be called now and then. The second time in a row that it finds nothing going on, the isolate gives back what it can of its memory. True when it did. */
  rest(): boolean {
    return !this.isBusy && this.#invocations.size === 0 && this.#condemned === null && this.#memory.rest();
  }

  /** What the process' budget is told. */
  get countedBytes(): number {
    return this.#memory.countedBytes;
  }

  /** Opens an invocation. Deliver its event with `enqueueEvent`. */
  open(options: Omit<InvocationOptions, "id">): GuestInvocation {
    const invocation = new GuestInvocation(this, { ...options, id: this.#nextInvocation++ });
    if (this.#stack !== null) invocation.profile = new InvocationProfile(this.#stack);
    this.#invocations.set(invocation.id, invocation);
    return invocation;
  }

  enqueueEvent(invocation: GuestInvocation, event: string, a: string | number, b: string | number): void {
    const index = this.#host.events.get(event);
    if (index === undefined) throw new Error(`no guest handler for event ${event}`);
    this.#enqueue({ kind: "event", invocation, event: index, a, b });
  }

  /** Evaluates an ES module and hands its namespace to the guest's `load` event, with `mode`. */
  evaluate(invocation: GuestInvocation, code: string, file: string, mode: string): void {
    this.#enqueue({ kind: "evaluate", invocation, code, file, mode });
  }

  /** Resolves once no guest code runs and none waits to. */
  async whenIdle(): Promise<void> {
    while (this.isBusy && this.#condemned === null) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Only while idle. Later changes of the isolate do not touch the snapshot. `isBase`: for others to build on. */
  snapshot(isBase = false): Snapshot {
    if (this.isBusy || this.#invocations.size > 0) throw new Error("an isolate is snapshot only while idle");
    this.#memory.wake();
    return isBase ? takeBase(this.#engine) : takeSnapshot(this.#engine, this.#options.snapshot.image);
  }

  /** Only while nothing goes on: makes it what it was when it was made, with a clock and randomness of its own. False when it cannot be: then it has to go. */
  renew(clockStartMs: number): boolean {
    if (this.#condemned !== null || !this.#memory.restore()) return false;
    this.#engine.reseed();
    this.#engine.resumeContexts();
    this.#clockStartMs = clockStartMs;
    this.#firstInvocation = this.#nextInvocation;
    return true;
  }

  nextRid(): number {
    return this.#nextRid++;
  }

  peer(id: number): GuestInvocation | undefined {
    return this.#invocations.get(id);
  }

  hideSource(isHidden: boolean): void {
    this.#engine.hideSource(isHidden);
  }

  followContexts(): void {
    this.#engine.followContexts();
  }

  isEntered(invocation: GuestInvocation): boolean {
    return this.#current === invocation;
  }

  unsettledFuel(invocation: GuestInvocation): number {
    return this.#current === invocation ? this.#meter.unsettledAt(this.#calls.fuelLeft) : 0;
  }

  isPastLimit(invocation: GuestInvocation): boolean {
    return this.#pastLimit > 0 && this.#current === invocation;
  }

  over(invocation: GuestInvocation): void {
    this.#invocations.delete(invocation.id);
    if (this.#invocations.size === 0 && !this.isBusy) this.#options.onIdle?.();
  }

  /** The promise of an invocation that is over is forgotten, not settled: nobody pays for what would run then. */
  settle(entry: SettleEntry): void {
    entry.invocation.pendingCalls--;
    if (entry.invocation.id < this.#firstInvocation) return;
    this.#enqueue(entry.invocation.isOver ? { kind: "forget", invocation: entry.invocation, call: entry.call } : entry);
  }

  reportFault(error: unknown): string {
    return this.#host.reportFault(error);
  }

  /** Ends the isolate and everything in it. Idempotent. */
  condemn(outcome: Kill["outcome"], culprit: GuestInvocation, stack = ""): void {
    this.#condemn(describeKill(outcome, culprit, stack, this.#options.memoryBytes, this.memoryBytes), culprit);
  }

  endForMemory(): void {
    const { memory } = this.#host;
    const culprit = this.#current ?? [...this.#invocations.values()][0];
    if (culprit === undefined) return;
    this.#condemn({ outcome: "exceededMemory", limitKey: "server.memory_mb", limit: memory.limitBytes, used: memory.usedBytes, unit: "bytes", stack: "", requestId: culprit.requestId }, culprit);
  }

  #condemn(kill: Kill, culprit: GuestInvocation): void {
    if (this.#condemned !== null) return;
    this.#condemned = kill;
    const suspended = this.#suspended;
    this.#suspended = null;
    this.#queue.length = 0;
    culprit.end(kill.outcome, kill);
    for (const invocation of [...this.#invocations.values()]) invocation.end("isolateLost");
    this.#options.onCondemned(kill);
    suspended?.end(new Condemned(kill.outcome));
    this.#memory.release();
  }

  /** Ends an isolate that nobody needs. What runs in it ends as `isolateLost`. */
  dispose(): void {
    if (this.#condemned !== null) return;
    this.#condemned = { outcome: "internalError", limitKey: "", limit: 0, used: 0, unit: "ms", stack: "", requestId: "" };
    this.#queue.length = 0;
    for (const invocation of [...this.#invocations.values()]) invocation.end("isolateLost");
    this.#suspended?.end(new Condemned("disposed"));
    this.#suspended = null;
    this.#memory.release();
  }

  #enqueue(entry: Entry): void {
    if (this.#condemned !== null) return;
    this.#queue.push(entry);
    this.#requestTurn();
  }

  #requestTurn(): void {
    if (this.#requested || this.#current !== null || this.#queue.length === 0) return;
    this.#requested = true;
    this.#host.scheduler.request(this.#options.account, this.#enterNext);
  }

  readonly #enterNext = (): boolean => {
    this.#requested = false;
    const entry = this.#condemned === null ? this.#queue.shift() : undefined;
    if (entry === undefined) return false;
    // An invocation that ended while its entry waited has nothing more to say.
    if (!entry.invocation.isOver || entry.kind === "forget" || (entry.kind === "event" && entry.isLate === true)) this.#enter(entry);
    else if (entry.kind === "settle") this.#enter({ kind: "forget", invocation: entry.invocation, call: entry.call });
    else if (this.#queue.length > 0) this.#requestTurn();
    else if (this.#invocations.size === 0) this.#options.onIdle?.();
    return false;
  };

  #enter(entry: Entry): void {
    this.#current = entry.invocation;
    this.#pastLimit = 0;
    this.#memory.wake();
    try {
      this.#entrance.enter(entry).then(this.#onReturned, this.#onThrown);
    } catch (error) {
      this.#onThrown(error);
    }
  }

  readonly #onReturned = (result: number): void => {
    const engine = this.#engine;
    try {
      this.#meter.settle(this.#current);
      this.#entrance.freeArguments();
      if (engine.isException(result)) {
        this.#onUncaught(takeException(engine, result) ?? "");
        if (this.#condemned !== null) return;
      } else engine.free(result);
      if (engine.exports.QTS_IsJobPending(engine.pointers.runtime) === 0) {
        if (takeRejections(engine)) this.#queue.unshift({ kind: "event", invocation: this.#current as GuestInvocation, event: this.#host.events.get("rejections") ?? 0, a: 0, b: 0, isLate: true });
        this.#leave();
      } else {
        this.#meter.start();
        engine.runJobs(engine.pointers.runtime, -1, engine.pointers.argv).then(this.#onReturned, this.#onThrown);
      }
    } catch (error) {
      this.#onThrown(error);
    }
  };

  #leave(): void {
    const invocation = this.#current;
    this.#current = null;
    if (invocation !== null && invocation.fuelUsed > invocation.fuelLimit) this.condemn("exceededCpu", invocation);
    else if (this.#queue.length > 0) this.#requestTurn();
    else if (this.#invocations.size === 0) this.#options.onIdle?.();
  }

  /** An exception left the guest although its door catches all: the engine's own, such as an interrupt or an exhausted stack. */
  #onUncaught(text: string): void {
    const invocation = this.#current;
    if (invocation === null) return;
    const [name = "Error", message = "", ...lines] = text.split("\n");
    const stack = this.mapStack(lines.join("\n"));
    if (this.#pastLimit > 0) this.condemn("exceededCpu", invocation, stack);
    else invocation.fail("exception", { name, message, stack });
  }

  readonly #onThrown = (error: unknown): void => {
    const invocation = this.#current;
    this.#entrance.abandonArguments();
    if (this.#condemned === null && invocation !== null) {
      if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) invocation.fail("exception", hostFailure(error));
      else if (!(error instanceof Condemned || error instanceof OutOfMemory)) this.#host.reportFault(error);
      this.condemn(error instanceof OutOfMemory ? "exceededMemory" : "internalError", invocation);
    }
    this.#current = null;
  };

  #interrupt(polled: boolean): number | Promise<number> {
    if (this.#condemned !== null) throw new Condemned();
    if (polled) return this.#pastLimit > 0 ? 1 : 0;
    const invocation = this.#current;
    if (invocation === null) throw new Error("fuel ran out outside an entry");
    this.#meter.ranOut(invocation);
    invocation.profile?.sample(invocation.fuelUsed);
    if (invocation.fuelUsed > invocation.fuelLimit) {
      if (++this.#pastLimit > LAST_WORDS_SLICES) {
        this.condemn("exceededCpu", invocation);
        throw new Condemned();
      }
      if (this.#pastLimit === 1) this.#engine.exports.QTS_RuntimeEnableInterruptHandler(this.#engine.pointers.runtime);
    }
    if (this.#pastLimit === 0 && invocation.profile?.mayGoOn === true) {
      this.#meter.start();
      return 0;
    }
    return new Promise((resume, end) => {
      this.#suspended = { resume, end };
      this.#host.scheduler.requestLater(this.#options.account, this.#resume);
    });
  }

  readonly #resume = (): boolean => {
    const suspended = this.#suspended;
    if (suspended === null) return false;
    this.#suspended = null;
    this.#meter.start();
    suspended.resume(0);
    return true;
  };

  /** One allocation that could never fit is the app's error to catch; a memory that is full is the end. */
  #grow(bytes: number): boolean {
    // Its memory is on its way back to the system: a buffer that grows leaves the old one behind, and what would be counted nobody would ever give back.
    if (this.#condemned !== null) throw new Condemned();
    const limit = this.#options.memoryBytes;
    const isTooMuch = bytes > limit;
    const rounded = roundedGrowth(bytes, limit);
    const asked = (isTooMuch ? bytes : rounded) - this.memoryBytes;
    if (!isTooMuch && this.#memory.grow(rounded)) {
      this.#current?.charge(asked * FUEL_PER_GROWN_BYTE);
      this.#meter.shorten(asked * FUEL_PER_GROWN_BYTE);
      return true;
    }
    if (asked >= limit / 4) return false;
    const culprit = this.#current;
    if (culprit === null) return false;
    if (isTooMuch) this.condemn("exceededMemory", culprit);
    else this.endForMemory();
    throw new Condemned();
  }

  /** Host work shortens the slice, as if the guest had done it. */
  #callOp(argv: number, id: number): number {
    const invocation = this.#current;
    if (this.#condemned !== null || invocation === null) throw new Condemned();
    const chargedBefore = invocation.fuelUsed;
    const result = this.#calls.call(invocation, argv, id);
    if (this.#condemned !== null) throw new Condemned();
    invocation.profile?.op(this.#host.ops.entries[id - 1]?.name ?? "", invocation.fuelUsed - chargedBefore);
    this.#meter.shorten(invocation.fuelUsed - chargedBefore);
    return result;
  }
}
