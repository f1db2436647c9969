/** The ops that one isolate calls: decodes the arguments, runs the handler, and gives its result or error to the guest, at once or later as an entry. */
import { decode, encode, errorText } from "./codec.ts";
import type { EngineInstance } from "./engine/engine.ts";
import type { SettleEntry } from "./entry.ts";
import type { GuestInvocation } from "./guest-invocation.ts";
import type { OpRegistry, TableEntry } from "./op-table.ts";

/** What the calls need of their isolate. */
export interface OpCallHome {
  readonly isCondemned: boolean;
  /** An async op has an answer. */
  settle(entry: SettleEntry): void;
  reportFault(error: unknown): string;
}

export class OpCalls {
  readonly #home: OpCallHome;
  readonly #engine: EngineInstance;
  readonly #ops: OpRegistry;
  /** What the slice had left when the op that runs was called. */
  fuelLeft = 0;
  #nextCall = 1;

  constructor(home: OpCallHome, engine: EngineInstance, ops: OpRegistry) {
    this.#home = home;
    this.#engine = engine;
    this.#ops = ops;
  }

  /** Op `id` is called on behalf of `invocation` with the boxed values at `argv`. Returns what the engine returns to the guest. Throws only once the isolate is condemned. */
  call(invocation: GuestInvocation, argv: number, id: number): number {
    const engine = this.#engine;
    const fuel = engine.driveFromHost();
    this.fuelLeft = fuel;
    const result = this.#run(invocation, argv, id);
    engine.driveFromGuest(fuel);
    return result;
  }

  #run(invocation: GuestInvocation, argv: number, id: number): number {
    try {
      const entry = this.#ops.entries[id - 1];
      if (entry === undefined) throw new Error(`no op ${id}`);
      const { op, handler } = entry;
      // One by one: every op of every request comes through here, and no op has more.
      const a = this.#argument(entry, 0, argv);
      const b = this.#argument(entry, 1, argv);
      const c = this.#argument(entry, 2, argv);
      const d = this.#argument(entry, 3, argv);
      const e = this.#argument(entry, 4, argv);
      const f = this.#argument(entry, 5, argv);
      const answer = handler(invocation, a, b, c, d, e, f);
      if (op.mode === "sync") return encode(this.#engine, op.result, answer);
      return this.#engine.newNumber(this.#await(invocation, entry, answer as Promise<unknown>));
    } catch (error) {
      if (this.#home.isCondemned) throw error;
      return this.#throwInGuest(error);
    }
  }

  #argument({ name, op }: TableEntry, index: number, argv: number): unknown {
    const wire = op.args[index];
    return wire === undefined ? undefined : decode(this.#engine, name, index, wire, argv + index * 8);
  }

  #await(invocation: GuestInvocation, { op }: TableEntry, result: Promise<unknown>): number {
    const call = this.#nextCall++;
    invocation.pendingCalls++;
    result.then(
      (value) => this.#home.settle({ kind: "settle", invocation, call, wire: op.result, value, failure: null }),
      (error) => this.#home.settle({ kind: "settle", invocation, call, wire: op.result, value: null, failure: this.#errorText(error) }),
    ).catch((fault) => this.#home.reportFault(fault));
    return call;
  }

  #throwInGuest(error: unknown): number {
    const engine = this.#engine;
    const text = engine.newString(this.#errorText(error));
    const thrown = engine.exports.QTS_Throw(engine.pointers.context, text);
    engine.free(text);
    return thrown;
  }

  #errorText(error: unknown): string {
    return errorText(error, (fault) => this.#home.reportFault(fault));
  }
}
