/** The ops that one isolate calls: decodes the arguments, runs the handler, and gives its result or error to the guest, at once or later as an entry. */
import { decode, encode, errorText } from "./codec.ts";
import type { EngineInstance } from "./engine.ts";
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
  #nextCall = 1;

  constructor(home: OpCallHome, engine: EngineInstance, ops: OpRegistry) {
    this.#home = home;
    this.#engine = engine;
    this.#ops = ops;
  }

  /** Op `id` is called on behalf of `invocation` with the boxed values at `argv`. Returns what the engine returns to the guest. Throws only once the isolate is condemned. */
  call(invocation: GuestInvocation, argv: number, id: number): number {
    const engine = this.#engine;
    return engine.hosted(() => {
      try {
        const entry = this.#ops.entries[id - 1];
        if (entry === undefined) throw new Error(`no op ${id}`);
        const { op, name, handler } = entry;
        const answer = handler(invocation, ...op.args.map((wire, i) => decode(engine, name, i, wire, argv + i * 8)));
        if (op.mode === "sync") return encode(engine, op.result, answer);
        return engine.newNumber(this.#await(invocation, entry, answer as Promise<unknown>));
      } catch (error) {
        if (this.#home.isCondemned) throw error;
        return this.#throwInGuest(error);
      }
    });
  }

  #await(invocation: GuestInvocation, { op }: TableEntry, result: Promise<unknown>): number {
    const call = this.#nextCall++;
    invocation.pendingCalls++;
    result.then(
      (value) => this.#home.settle({ kind: "settle", invocation, call, wire: op.result, value, failure: null }),
      (error) => this.#home.settle({ kind: "settle", invocation, call, wire: op.result, value: null, failure: this.#errorText(error) }),
    );
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
