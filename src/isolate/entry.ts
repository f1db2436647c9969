/** What enters an isolate, one at a time, and how it is laid out for the guest's one door, `deliver(event, invocation or call, a, b)`. */
import { encode } from "./codec.ts";
import { type EngineInstance, EVAL_MODULE } from "./engine/engine.ts";
import { TAG } from "./engine/values.ts";
import type { FuelMeter } from "./fuel-meter.ts";
import type { GuestInvocation } from "./guest-invocation.ts";
import type { TableEntry } from "./op-table.ts";

type Argument = string | number | boolean | null | { readonly pointer: number };

export interface SettleEntry {
  readonly kind: "settle";
  readonly invocation: GuestInvocation;
  readonly call: number;
  readonly wire: TableEntry["op"]["result"];
  readonly value: unknown;
  readonly failure: string | null;
}
interface EvaluateEntry {
  readonly kind: "evaluate";
  readonly invocation: GuestInvocation;
  readonly code: string;
  readonly file: string;
  readonly mode: string;
}
/** An event that is late has something to say of an invocation that may be over. */
export type Entry =
  | { readonly kind: "event"; readonly invocation: GuestInvocation; readonly event: number; readonly a: Argument; readonly b: Argument; readonly isLate?: boolean }
  | SettleEntry
  | { readonly kind: "forget"; readonly invocation: GuestInvocation; readonly call: number }
  | EvaluateEntry;

/** The event that settles or forgets a call of an async op. */
const SETTLE = 0;

export class Entrance {
  readonly #engine: EngineInstance;
  readonly #meter: FuelMeter;
  readonly #loadEvent: number;
  #owned: number[] = [];

  /** `loadEvent`: the event that takes a module's namespace. */
  constructor(engine: EngineInstance, meter: FuelMeter, loadEvent: number) {
    this.#engine = engine;
    this.#meter = meter;
    this.#loadEvent = loadEvent;
  }

  /** Starts a slice and calls into the guest. */
  enter(entry: Entry): Promise<number> {
    switch (entry.kind) {
      case "event":
        return this.#deliver(entry.event, entry.invocation.id, entry.a, entry.b);
      case "forget":
        return this.#deliver(SETTLE, entry.call, null, null);
      case "settle":
        if (entry.failure !== null) return this.#deliver(SETTLE, entry.call, entry.failure, true);
        return this.#deliver(SETTLE, entry.call, { pointer: encode(this.#engine, entry.wire, entry.value) || this.#engine.pointers.undefined }, false);
      case "evaluate":
        return this.#evaluate(entry);
    }
  }

  freeArguments(): void {
    for (const pointer of this.#owned) this.#engine.free(pointer);
    this.#owned = [];
  }

  /** Forgets arguments of an engine that must not be called any more. */
  abandonArguments(): void {
    this.#owned = [];
  }

  #deliver(event: number, id: number, a: Argument, b: Argument): Promise<number> {
    const { pointers } = this.#engine;
    this.#argument(0, event);
    this.#argument(1, id);
    this.#argument(2, a);
    this.#argument(3, b);
    this.#meter.start();
    return this.#engine.call(pointers.context, pointers.deliver, pointers.undefined, 4, pointers.argv, pointers.runtime);
  }

  #evaluate({ invocation, code, file, mode }: EvaluateEntry): Promise<number> {
    const engine = this.#engine;
    const source = engine.newCString(code);
    const name = engine.newCString(file);
    this.#meter.start();
    return engine.evaluate(engine.pointers.context, source.at, source.length, name.at, 0, EVAL_MODULE).then((result) => {
      this.#meter.settle(invocation);
      engine.exports.free(source.at);
      engine.exports.free(name.at);
      const failed = engine.isException(result);
      // The guest describes what was thrown: it may be an object whose members run code.
      return this.#deliver(this.#loadEvent, invocation.id, { pointer: failed ? engine.takeThrown(result) : result }, failed ? "failed" : mode);
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
      if (pointer !== engine.pointers.undefined) this.#owned.push(pointer);
      engine.setArgument(index, pointer);
      return;
    }
    engine.setArgument(index, word);
  }
}
