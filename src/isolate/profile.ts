/**
 * Where an invocation's fuel went: a tree of who called whom. The isolate is stopped after a fixed number of fuel units, so equal work gives equal profiles, and
 * all that was burnt since the last stop counts for the function it is in then. What the host charges for an op counts for that op, exactly.
 */
import type { GuestFrame, GuestStack } from "./engine/guest-stack.ts";

/** `app`: has a place; `nano`: the engine's or nano's own; `host`: work of the host for the guest. */
export interface ProfileFrame extends GuestFrame {
  readonly kind: "app" | "nano" | "host";
}

export interface ProfileNode {
  readonly frame: ProfileFrame;
  /** Fuel of the function itself, without what it called. */
  readonly fuel: number;
  readonly children: readonly ProfileNode[];
}

export interface Profile {
  /** All of it. */
  readonly fuel: number;
  readonly samples: number;
  readonly roots: readonly ProfileNode[];
}

interface Building {
  readonly frame: ProfileFrame;
  fuel: number;
  readonly children: Map<string, Building>;
}

/** Between the first stops; later ones are further apart, so that a long invocation has a few thousand. */
const LEAST_PERIOD = 500;
const SAMPLES_TO_DOUBLE = 500;
const MOST_PERIOD = 1_000_000;
/** What an app calls in ever new ways counts for the callers that are known. */
const MOST_NODES = 20_000;
/** After so many stops others have their turn. */
const STOPS_PER_TURN = 32;

export class InvocationProfile {
  readonly #stack: GuestStack;
  readonly #root: Building = { frame: { kind: "nano", name: "", line: 0, column: 0 }, fuel: 0, children: new Map() };
  #countedFuel = 0;
  #samples = 0;
  #nodes = 0;

  constructor(stack: GuestStack) {
    this.#stack = stack;
  }

  /** How much may be burnt before the next stop, when `fuelUsed` has been. */
  quantum(fuelUsed: number): number {
    const period = Math.min(MOST_PERIOD, Math.max(LEAST_PERIOD, Math.floor(this.#countedFuel / SAMPLES_TO_DOUBLE)));
    return Math.max(1, Math.floor(period - (fuelUsed - this.#countedFuel)));
  }

  /** The guest was stopped for a sample alone. */
  get mayGoOn(): boolean {
    return this.#samples % STOPS_PER_TURN !== 0;
  }

  /** The guest stands still. */
  sample(fuelUsed: number): void {
    this.#samples++;
    this.#count(this.#stack.read(), fuelUsed - this.#countedFuel, null);
  }

  /** The host has done something that the guest asked for. */
  op(name: string, fuel: number): void {
    if (fuel > 0) this.#count(this.#stack.read(), fuel, name);
  }

  /** The host has done something while no guest code of the invocation ran. */
  outside(fuel: number): void {
    this.#count([], fuel, "asynchronous work of the host");
  }

  finish(fuelUsed: number): Profile {
    const rest = fuelUsed - this.#countedFuel;
    if (rest > 0) this.#add(this.#root, { kind: "nano", name: "between two samples", line: 0, column: 0 }).fuel += rest;
    return { fuel: Math.round(fuelUsed), samples: this.#samples, roots: [...this.#root.children.values()].map(plain) };
  }

  #count(frames: readonly GuestFrame[], fuel: number, op: string | null): void {
    let node = this.#root;
    // What nano does before it calls the app is the same for all, and stands in the way.
    let at = frames.findLastIndex(({ line }) => line > 0);
    if (at < 0) at = frames.length - 1;
    for (; at >= 0; at--) {
      const frame = frames[at] as GuestFrame;
      node = this.#add(node, { kind: frame.line > 0 ? "app" : "nano", ...frame });
    }
    // Between two calls: promises are settled, memory is freed.
    if (frames.length === 0 && op === null) node = this.#add(node, { kind: "nano", name: "the engine", line: 0, column: 0 });
    if (op !== null) node = this.#add(node, { kind: "host", name: op, line: 0, column: 0 });
    node.fuel += fuel;
    this.#countedFuel += fuel;
  }

  #add(parent: Building, frame: ProfileFrame): Building {
    const key = `${frame.kind} ${frame.line}:${frame.column} ${frame.name}`;
    const known = parent.children.get(key);
    if (known !== undefined) return known;
    if (this.#nodes >= MOST_NODES && parent !== this.#root) return parent;
    this.#nodes++;
    const child: Building = { frame, fuel: 0, children: new Map() };
    parent.children.set(key, child);
    return child;
  }
}

const plain = ({ frame, fuel, children }: Building): ProfileNode => ({ frame, fuel: Math.round(fuel), children: [...children.values()].map(plain) });
