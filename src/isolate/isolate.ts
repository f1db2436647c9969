/**
 * An isolate: one engine instance running one revision. It takes events one entry at a time, under the scheduler, charges what they
 * burn to their invocations, and is condemned, never repaired, when a limit is broken or a host exception unwinds through it.
 */
import type { DeadlineSweeper } from "../base/deadline.ts";
import { decode, encode, errorText } from "./codec.ts";
import { type Engine, EngineInstance, EVAL_MODULE } from "./engine.ts";
import { TAG } from "./engine-values.ts";
import { GuestInvocation, type InvocationHome, type InvocationOptions } from "./guest-invocation.ts";
import type { GuestFailure, Kill } from "./invocation.ts";
import type { OpRegistry, TableEntry } from "./op-table.ts";
import type { Account, Scheduler } from "./scheduler.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import type { SlicePlan } from "./slice.ts";

/** What all isolates of a process share. */
export interface IsolateHost {
  readonly engine: Engine;
  readonly ops: OpRegistry;
  readonly scheduler: Scheduler;
  readonly sweeper: DeadlineSweeper;
  readonly slices: SlicePlan;
  /** Fuel that a millisecond of CPU is worth; settled by the calibration. */
  readonly fuelPerMs: number;
  /** Event names in the guest's order. */
  readonly events: ReadonlyMap<string, number>;
  now(): number;
  /** Host faults: something of ours threw. Returns an id to name it by. */
  reportFault(error: unknown): string;
}

export interface IsolateOptions {
  readonly host: IsolateHost;
  readonly snapshot: Snapshot;
  readonly account: Account;
  readonly memoryBytes: number;
  /** The isolate is not to be used any more. Called once. */
  readonly onCondemned: (kill: Kill) => void;
  readonly onIdle?: () => void;
}

/** An error that unwinds the guest. It never reaches guest code. */
class Condemned extends Error {}

type Argument = string | number | boolean | null | { readonly pointer: number };
type Entry =
  | { readonly kind: "event"; readonly invocation: GuestInvocation; readonly event: number; readonly a: Argument; readonly b: Argument }
  | { readonly kind: "settle"; readonly invocation: GuestInvocation; readonly call: number; readonly wire: TableEntry["op"]["result"]; readonly value: unknown; readonly failure: string | null }
  | { readonly kind: "forget"; readonly invocation: GuestInvocation; readonly call: number }
  | { readonly kind: "evaluate"; readonly invocation: GuestInvocation; readonly code: string; readonly file: string; readonly mode: string };

/** Slices that the interpreter gets, past the CPU limit, to reach a poll: there the engine can say where it was. */
const LAST_WORDS_SLICES = 3;

/** Touching fresh memory costs the kernel about 0.4 ms a megabyte, which no instruction of the guest shows. */
const FUEL_PER_GROWN_BYTE = 1 / 6;

export class Isolate implements InvocationHome {
  readonly #host: IsolateHost;
  readonly #options: IsolateOptions;
  readonly #engine: EngineInstance;
  readonly #invocations = new Map<number, GuestInvocation>();
  readonly #queue: Entry[] = [];
  #current: GuestInvocation | null = null;
  #granted = 0;
  #sliceStart = 0;
  #suspended: { resume: (interrupt: number) => void; end: (reason: Error) => void } | null = null;
  #requested = false;
  #pastLimit = 0;
  #condemned: Kill | null = null;
  #nextInvocation = 1;
  #nextRid = 1;
  #nextCall = 1;
  #ownedArguments: number[] = [];

  constructor(options: IsolateOptions) {
    const { host } = options;
    this.#host = host;
    this.#options = options;
    this.#engine = new EngineInstance(
      host.engine,
      {
        callFunction: (_argc, argv, id) => this.#callOp(argv, id),
        interrupt: (polled) => this.#interrupt(polled),
        grow: (bytes) => this.#grow(bytes),
        now: () => host.now(),
      },
      options.memoryBytes,
    );
    if (!restoreSnapshot(this.#engine, options.snapshot)) throw new Error("the snapshot does not fit in the isolate's memory");
    this.#engine.reseed();
  }

  get sweeper(): DeadlineSweeper {
    return this.#host.sweeper;
  }
  get fuelPerMs(): number {
    return this.#host.fuelPerMs;
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
  get memoryBytes(): number {
    return this.#engine.memory.buffer.byteLength;
  }

  /** Opens an invocation. Deliver its event with `enqueueEvent`. */
  open(options: Omit<InvocationOptions, "id">): GuestInvocation {
    const invocation = new GuestInvocation(this, { ...options, id: this.#nextInvocation++ });
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

  /** Only while idle. Later changes of the isolate do not touch the snapshot. */
  snapshot(): Snapshot {
    if (this.isBusy || this.#invocations.size > 0) throw new Error("an isolate is snapshot only while idle");
    return takeSnapshot(this.#engine, this.#options.snapshot);
  }

  nextRid(): number {
    return this.#nextRid++;
  }

  peer(id: number): GuestInvocation | undefined {
    return this.#invocations.get(id);
  }

  isEntered(invocation: GuestInvocation): boolean {
    return this.#current === invocation;
  }

  isPastLimit(invocation: GuestInvocation): boolean {
    return this.#pastLimit > 0 && this.#current === invocation;
  }

  over(invocation: GuestInvocation): void {
    this.#invocations.delete(invocation.id);
    if (this.#invocations.size === 0 && !this.isBusy) this.#options.onIdle?.();
  }

  /** Ends the isolate and everything in it. Idempotent. */
  condemn(outcome: Kill["outcome"], culprit: GuestInvocation, stack = ""): void {
    if (this.#condemned !== null) return;
    const kill = this.#describeKill(outcome, culprit, stack);
    this.#condemned = kill;
    const suspended = this.#suspended;
    this.#suspended = null;
    this.#queue.length = 0;
    culprit.end(outcome, kill);
    for (const invocation of [...this.#invocations.values()]) invocation.end("isolateLost");
    this.#options.onCondemned(kill);
    suspended?.end(new Condemned(outcome));
  }

  /** Ends an isolate that nobody needs. What runs in it ends as `isolateLost`. */
  dispose(): void {
    if (this.#condemned !== null) return;
    this.#condemned = { outcome: "internalError", limitKey: "", limit: 0, used: 0, unit: "ms", stack: "", requestId: "" };
    this.#queue.length = 0;
    for (const invocation of [...this.#invocations.values()]) invocation.end("isolateLost");
    this.#suspended?.end(new Condemned("disposed"));
    this.#suspended = null;
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
    if (!entry.invocation.isOver || entry.kind === "forget") this.#enter(entry);
    else if (entry.kind === "settle") this.#enter({ kind: "forget", invocation: entry.invocation, call: entry.call });
    else this.#requestTurn();
    return false;
  };

  #enter(entry: Entry): void {
    this.#current = entry.invocation;
    this.#pastLimit = 0;
    try {
      const returned = entry.kind === "evaluate" ? this.#callEvaluate(entry) : this.#callDeliver(entry);
      returned.then(this.#onReturned, this.#onThrown);
    } catch (error) {
      this.#onThrown(error);
    }
  }

  #callDeliver(entry: Exclude<Entry, { kind: "evaluate" }>): Promise<number> {
    const { pointers } = this.#engine;
    if (entry.kind === "event") {
      this.#argument(0, entry.event);
      this.#argument(1, entry.invocation.id);
      this.#argument(2, entry.a);
      this.#argument(3, entry.b);
    } else if (entry.kind === "forget") {
      this.#argument(0, 0);
      this.#argument(1, entry.call);
      this.#argument(2, null);
      this.#argument(3, null);
    } else {
      this.#argument(0, 0);
      this.#argument(1, entry.call);
      this.#argument(2, entry.failure ?? { pointer: encode(this.#engine, entry.wire, entry.value) || pointers.undefined });
      this.#argument(3, entry.failure !== null);
    }
    this.#startSlice();
    return this.#engine.call(pointers.context, pointers.deliver, pointers.undefined, 4, pointers.argv);
  }

  #callEvaluate(entry: Extract<Entry, { kind: "evaluate" }>): Promise<number> {
    const engine = this.#engine;
    const code = engine.newCString(entry.code);
    const file = engine.newCString(entry.file);
    this.#startSlice();
    return engine.evaluate(engine.pointers.context, code.at, code.length, file.at, 0, EVAL_MODULE).then((result) => {
      this.#settleFuel();
      engine.exports.free(code.at);
      engine.exports.free(file.at);
      const { pointers } = engine;
      const failed = engine.isException(result);
      this.#argument(0, this.#host.events.get("load") ?? 0);
      this.#argument(1, entry.invocation.id);
      // The guest describes what was thrown: it may be an object whose members run code.
      this.#argument(2, { pointer: failed ? engine.takeThrown(result) : result });
      this.#argument(3, failed ? "failed" : entry.mode);
      this.#startSlice();
      return engine.call(pointers.context, pointers.deliver, pointers.undefined, 4, pointers.argv);
    });
  }

  #argument(index: number, value: Argument): void {
    const engine = this.#engine;
    const word = engine.argumentWord(index);
    if (typeof value === "number") engine.setNumber(word, value);
    else if (typeof value === "boolean") engine.setWord(word, TAG.bool, value ? 1 : 0);
    else if (value === null) engine.setWord(word, TAG.null, 0);
    else {
      const pointer = typeof value === "string" ? engine.newString(value) : value.pointer;
      if (pointer !== engine.pointers.undefined) this.#ownedArguments.push(pointer);
      engine.setArgument(index, pointer);
      return;
    }
    engine.setArgument(index, word);
  }

  #startSlice(): void {
    this.#granted = this.#host.slices.fuel;
    this.#engine.fuel = this.#granted;
    this.#sliceStart = performance.now();
  }

  /** Charges what the slice burnt, and lets the host drive the engine from here. */
  #settleFuel(): void {
    const burnt = this.#granted - this.#engine.fuel;
    this.#granted = 0;
    this.#engine.driveFromHost();
    if (burnt <= 0) return;
    this.#current?.charge(burnt);
    this.#host.scheduler.charge(this.#options.account, burnt);
  }

  readonly #onReturned = (result: number): void => {
    const engine = this.#engine;
    try {
      this.#settleFuel();
      for (const pointer of this.#ownedArguments) engine.free(pointer);
      this.#ownedArguments = [];
      if (engine.isException(result)) {
        this.#onUncaught(engine.takeException(result) ?? "");
        if (this.#condemned !== null) return;
      } else engine.free(result);
      if (engine.exports.QTS_IsJobPending(engine.pointers.runtime) === 0) this.#leave();
      else {
        this.#startSlice();
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
    const [name = "Error", message = "", ...stack] = text.split("\n");
    if (this.#pastLimit > 0) this.condemn("exceededCpu", invocation, stack.join("\n"));
    else invocation.fail("exception", { name, message, stack: stack.join("\n") });
  }

  readonly #onThrown = (error: unknown): void => {
    const invocation = this.#current;
    this.#ownedArguments = [];
    if (this.#condemned === null && invocation !== null) {
      if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) invocation.fail("exception", hostFailure(error));
      else if (!(error instanceof Condemned)) this.#host.reportFault(error);
      this.condemn("internalError", invocation);
    }
    this.#current = null;
  };

  #interrupt(polled: boolean): number | Promise<number> {
    if (this.#condemned !== null) throw new Condemned();
    if (polled) return this.#pastLimit > 0 ? 1 : 0;
    const invocation = this.#current;
    if (invocation === null) throw new Error("fuel ran out outside an entry");
    this.#host.slices.ended(performance.now() - this.#sliceStart, this.#granted);
    this.#settleFuel();
    if (invocation.fuelUsed > invocation.fuelLimit) {
      if (++this.#pastLimit > LAST_WORDS_SLICES) {
        this.condemn("exceededCpu", invocation);
        throw new Condemned();
      }
      if (this.#pastLimit === 1) this.#engine.exports.QTS_RuntimeEnableInterruptHandler(this.#engine.pointers.runtime);
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
    this.#startSlice();
    suspended.resume(0);
    return true;
  };

  /** One allocation that could never fit is the app's error to catch; a memory that is full is the end. */
  #grow(bytes: number): boolean {
    const limit = this.#options.memoryBytes;
    const engine = this.#engine;
    const asked = bytes - engine.memory.buffer.byteLength;
    if (bytes <= limit && engine.grow(bytes)) {
      this.#current?.charge(asked * FUEL_PER_GROWN_BYTE);
      this.#shortenSlice(asked * FUEL_PER_GROWN_BYTE);
      return true;
    }
    if (asked >= limit / 4) return false;
    const culprit = this.#current;
    if (culprit === null) return false;
    this.condemn("exceededMemory", culprit);
    throw new Condemned();
  }

  #callOp(argv: number, id: number): number {
    const invocation = this.#current;
    if (this.#condemned !== null || invocation === null) throw new Condemned();
    const entry = this.#host.ops.entries[id - 1];
    const engine = this.#engine;
    const chargedBefore = invocation.fuelUsed;
    const result = engine.hosted(() => {
      try {
        if (entry === undefined) throw new Error(`no op ${id}`);
        const { op, name, handler } = entry;
        const answer = handler(invocation, ...op.args.map((wire, i) => decode(engine, name, i, wire, argv + i * 8)));
        if (op.mode === "sync") return encode(engine, op.result, answer);
        return engine.newNumber(this.#await(invocation, entry, answer as Promise<unknown>));
      } catch (error) {
        if (this.#condemned !== null) throw error;
        return this.#throwInGuest(error);
      }
    });
    if (this.#condemned !== null) throw new Condemned();
    this.#shortenSlice(invocation.fuelUsed - chargedBefore);
    return result;
  }

  /** Host work shortens the slice, as if the guest had done it. The invocation has been charged already. */
  #shortenSlice(fuel: number): void {
    if (fuel <= 0) return;
    this.#host.scheduler.charge(this.#options.account, fuel);
    if (this.#granted === 0) return;
    this.#granted -= fuel;
    this.#engine.fuel -= Math.ceil(fuel);
  }

  #await(invocation: GuestInvocation, { op }: TableEntry, result: Promise<unknown>): number {
    const call = this.#nextCall++;
    invocation.pendingCalls++;
    result.then(
      (value) => this.#settle({ kind: "settle", invocation, call, wire: op.result, value, failure: null }),
      (error) => this.#settle({ kind: "settle", invocation, call, wire: op.result, value: null, failure: this.#errorText(error) }),
    );
    return call;
  }

  /** The promise of an invocation that is over is forgotten, not settled: nobody pays for what would run then. */
  #settle(entry: Extract<Entry, { kind: "settle" }>): void {
    entry.invocation.pendingCalls--;
    this.#enqueue(entry.invocation.isOver ? { kind: "forget", invocation: entry.invocation, call: entry.call } : entry);
  }

  #throwInGuest(error: unknown): number {
    const engine = this.#engine;
    const text = engine.newString(this.#errorText(error));
    const thrown = engine.exports.QTS_Throw(engine.pointers.context, text);
    engine.free(text);
    return thrown;
  }

  #errorText(error: unknown): string {
    return errorText(error, (fault) => this.#host.reportFault(fault));
  }

  #describeKill(outcome: Kill["outcome"], culprit: GuestInvocation, stack: string): Kill {
    const { limits, requestId } = culprit;
    if (outcome === "exceededMemory") return { outcome, limitKey: "memory_mb", limit: this.#options.memoryBytes, used: this.memoryBytes, unit: "bytes", stack, requestId };
    if (outcome === "exceededWallTime") return { outcome, limitKey: "wall_ms", limit: limits.wallMs, used: limits.wallMs + this.sweeper.now() - culprit.dueAt, unit: "ms", stack, requestId };
    return { outcome, limitKey: culprit.cpuLimitKey, limit: culprit.fuelLimit / this.fuelPerMs, used: culprit.cpuMs, unit: "ms", stack, requestId };
  }
}

function hostFailure(error: Error): GuestFailure {
  return error instanceof RangeError
    ? { name: "RangeError", message: "Maximum call stack size exceeded", stack: "" }
    : { name: "InternalError", message: "the engine stopped", stack: "" };
}
