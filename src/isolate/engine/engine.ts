/**
 * The engine: one compiled, metered QuickJS module, and the thin driver over one instance of it. The driver moves words; it knows
 * neither ops nor apps. Names of imports and exports are those that the engine build gives them (`build/engine`).
 */
import { Buffer } from "node:buffer";
import type { EngineLayout } from "./layout.ts";
import { TAG } from "./values.ts";
import { promising, suspending } from "./jspi.ts";

export interface Engine {
  readonly module: WebAssembly.Module;
  readonly layout: EngineLayout;
  /** Identifies engine and metering; part of every snapshot's key. */
  readonly hash: string;
}

/** What an instance asks of its owner. Every hook may throw: the exception unwinds the guest, uncatchably. */
export interface EngineHooks {
  /** The guest calls host function `id`. `argv` points at `argc` boxed values. Returns a pointer to a malloc'd result, or 0 for undefined. */
  callFunction(argc: number, argv: number, id: number): number;
  /** Fuel has run out (`polled` false), or the interpreter polls (true). A promise suspends the guest until it settles; its value is 0 to go on, 1 to interrupt. */
  interrupt(polled: boolean): number | Promise<number>;
  /** Linear memory must reach `bytes`. Returns false when it may not. */
  grow(bytes: number): boolean;
  /** Wall clock, Unix milliseconds. */
  now(): number;
}

type Pointer = number;
type Promising = (...args: number[]) => Promise<Pointer>;

interface EngineExports {
  readonly nano_fuel_get: () => number;
  readonly nano_fuel_set: (units: number) => void;
  readonly nano_context_set: (state: Pointer) => void;
  readonly nano_stack_set: (atom: number) => void;
  readonly initialize: () => void;
  readonly malloc: (size: number) => Pointer;
  readonly free: (at: Pointer) => void;
  readonly QTS_NewRuntime: () => Pointer;
  readonly QTS_NewContext: (runtime: Pointer, intrinsics: number) => Pointer;
  readonly QTS_RuntimeSetMaxStackSize: (runtime: Pointer, bytes: number) => void;
  readonly QTS_RuntimeEnableInterruptHandler: (runtime: Pointer) => void;
  readonly QTS_NewString: (context: Pointer, text: Pointer) => Pointer;
  readonly QTS_DupValuePointer: (context: Pointer, value: Pointer) => Pointer;
  readonly QTS_NewObject: (context: Pointer) => Pointer;
  readonly QTS_NewArrayBuffer: (context: Pointer, buffer: Pointer, length: number) => Pointer;
  readonly QTS_NewFunction: (context: Pointer, name: Pointer, length: number, isConstructor: number, id: number) => Pointer;
  readonly QTS_SetProp: (context: Pointer, object: Pointer, key: Pointer, value: Pointer) => void;
  readonly QTS_GetProp: (context: Pointer, object: Pointer, key: Pointer) => Pointer;
  readonly QTS_GetUndefined: () => Pointer;
  readonly QTS_FreeValuePointer: (context: Pointer, value: Pointer) => void;
  readonly QTS_ResolveException: (context: Pointer, value: Pointer) => Pointer;
  readonly QTS_Throw: (context: Pointer, error: Pointer) => Pointer;
  readonly QTS_IsJobPending: (runtime: Pointer) => number;
  readonly QTS_Eval: (context: Pointer, code: Pointer, length: number, file: Pointer, detectModule: number, flags: number) => Pointer;
  /** The call, then the promise jobs that it left; jobs stay after an exception. See `build/engine/enter.ts`. */
  readonly nano_enter: (context: Pointer, fn: Pointer, self: Pointer, argc: number, argv: Pointer, runtime: Pointer) => Pointer;
  readonly QTS_Call: (context: Pointer, fn: Pointer, self: Pointer, argc: number, argv: Pointer) => Pointer;
  readonly QTS_ExecutePendingJob: (runtime: Pointer, max: number, contextOut: Pointer) => Pointer;
}

/** Pointers into an instance's heap that the driver keeps; they are part of a snapshot. */
export interface EnginePointers {
  runtime: Pointer;
  context: Pointer;
  undefined: Pointer;
  /** The guest function that takes events. */
  deliver: Pointer;
  /** Room for short C strings, so that most strings need no malloc. */
  scratch: Pointer;
  /** Four argument pointers, then four boxed words: the arguments of an entry. */
  argv: Pointer;
  /** State of the stand-ins that keep contexts over promises, see `build/engine/reactions`; its second word is the function that wraps. */
  reactions: Pointer;
  /** See `rejections.ts`. */
  rejections: Pointer;
  /** The name under which errors keep their stack, and the guest function that reads it, see `thrown.ts`. 0 until the guest has told. */
  stackAtom: number;
  stackOf: Pointer;
}

export const EVAL_MODULE = 1;
/** Fuel while the host itself drives the engine outside a slice: running out there would suspend a host frame. */
const HOST_FUEL = 0x7fff_0000;
const PAGE = 65_536;
const SCRATCH_BYTES = 4096;
const SEED_BYTES = 8;
const ARGV_BYTES = 4 * 4 + 4 * 8;
const REACTIONS_BYTES = 40;
const STRIP_ALL = 3;
/** The guest's C stack lives in linear memory; deeper recursion would overflow the host's own stack first. */
const STACK_BYTES = 192 * 1024;

const SURROGATE_BITS = 0xf800;
const SURROGATE = 0xd800;

const encoder = new TextEncoder();

/** What the host wanted to put into linear memory does not fit there. */
export class OutOfMemory extends Error {}

export class EngineInstance {
  hooks: EngineHooks;
  readonly memory: WebAssembly.Memory;
  readonly exports: EngineExports;
  readonly layout: EngineLayout;
  #seed: Uint8Array = new Uint8Array(SEED_BYTES);
  bytes!: Uint8Array;
  view!: DataView;
  pointers: EnginePointers = { runtime: 0, context: 0, undefined: 0, deliver: 0, scratch: 0, argv: 0, reactions: 0, rejections: 0, stackAtom: 0, stackOf: 0 };
  readonly call: Promising;
  readonly evaluate: Promising;
  readonly runJobs: Promising;

  /** Allocates linear memory of at most `maxBytes` and instantiates the module: about 0.2 ms. */
  constructor(engine: Engine, hooks: EngineHooks, maxBytes: number) {
    this.hooks = hooks;
    this.layout = engine.layout;
    this.memory = new WebAssembly.Memory({ initial: engine.layout.initialPages, maximum: Math.floor(maxBytes / PAGE) });
    this.refresh();
    const instance = new WebAssembly.Instance(engine.module, { env: this.#imports() } as unknown as Bun.WebAssembly.Imports);
    this.exports = instance.exports as unknown as EngineExports;
    this.fuel = HOST_FUEL;
    this.call = promising(this.exports.nano_enter);
    this.evaluate = promising(this.exports.QTS_Eval);
    this.runJobs = promising(this.exports.QTS_ExecutePendingJob);
  }

  get fuel(): number {
    return this.exports.nano_fuel_get();
  }
  set fuel(units: number) {
    this.exports.nano_fuel_set(units);
  }

  /** Outside a slice, and inside ops, the host calls exports that must not suspend. Returns the fuel there was. */
  driveFromHost(): number {
    const before = this.fuel;
    this.fuel = HOST_FUEL;
    return before;
  }

  /** Goes back to a slice that had `before` left. What the engine burnt for the host meanwhile counts. */
  driveFromGuest(before: number): void {
    this.fuel = before - (HOST_FUEL - this.fuel);
  }

  /** Gives the copy randomness of its own: clones would otherwise repeat the same `Math.random`. */
  reseed(): void {
    const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
    // xorshift64* must not start at 0.
    seed[0] = (seed[0] as number) | 1;
    this.#randomState.set(seed);
    this.#seed = seed;
  }

  /** Somebody has asked for a random number since. */
  get hasDrawn(): boolean {
    return Buffer.compare(this.#randomState, this.#seed) !== 0;
  }

  /** For a snapshot: equal heaps are equal to the last byte. Copies are reseeded. */
  forgetSeed(): void {
    this.#randomState.fill(0);
  }

  get #randomState(): Uint8Array {
    return this.bytes.subarray(this.pointers.context + this.layout.randomState, this.pointers.context + this.layout.randomState + SEED_BYTES);
  }

  isException(value: Pointer): boolean {
    return this.view.getInt32(value + 4, true) === TAG.exception;
  }

  /** `text` as UTF-8 with a final NUL, to be freed with `exports.free`. `length` is without the NUL. */
  newCString(text: string): { readonly at: Pointer; readonly length: number } {
    const data = encoder.encode(text);
    const at = this.allocate(data.byteLength + 1);
    this.bytes.set(data, at);
    this.bytes[at + data.byteLength] = 0;
    return { at, length: data.byteLength };
  }

  /** Creates runtime and context in a fresh instance. */
  boot(): void {
    const { exports, pointers } = this;
    exports.initialize();
    pointers.runtime = exports.QTS_NewRuntime();
    exports.QTS_RuntimeSetMaxStackSize(pointers.runtime, STACK_BYTES);
    pointers.context = exports.QTS_NewContext(pointers.runtime, 0);
    pointers.undefined = exports.QTS_GetUndefined();
    pointers.scratch = exports.malloc(SCRATCH_BYTES);
    pointers.argv = exports.malloc(ARGV_BYTES);
    pointers.reactions = exports.malloc(REACTIONS_BYTES);
  }

  /** Whether functions that are compiled from now on keep neither text nor positions: apps see them as built-in ones, and they are a third smaller. */
  hideSource(isHidden: boolean): void {
    this.bytes[this.pointers.runtime + this.layout.stripFlags] = isHidden ? STRIP_ALL : 0;
  }

  /** `wrap` is what promise reactions are wrapped with, once asked for. */
  prepareContexts(wrap: Pointer): void {
    const { view, pointers } = this;
    for (const [i, word] of [0, wrap, pointers.undefined].entries()) view.setUint32(pointers.reactions + i * 4, word, true);
  }

  /** From now on promise reactions keep their context, in copies of this instance too. */
  followContexts(): void {
    this.view.setUint32(this.pointers.reactions, 1, true);
    this.exports.nano_context_set(this.pointers.reactions);
  }

  /** After a restored snapshot: what it says about contexts holds here as well. */
  resumeContexts(): void {
    this.exports.nano_context_set(this.view.getUint32(this.pointers.reactions, true) === 1 ? this.pointers.reactions : 0);
  }

  refresh(): void {
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }

  /** Grows linear memory to at least `bytes`. False when the maximum is in the way. */
  grow(bytes: number): boolean {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch {
        return false;
      }
      this.refresh();
    }
    return true;
  }

  /** malloc that never returns 0. Throws OutOfMemory. */
  allocate(size: number): Pointer {
    const at = this.exports.malloc(size);
    if (at === 0) throw new OutOfMemory();
    return at >>> 0;
  }

  /** A guest string from `text`; returns a pointer to its boxed value, to be freed with `free`. */
  newString(text: string): Pointer {
    const { exports, pointers } = this;
    const fits = text.length * 3 < SCRATCH_BYTES;
    const most = fits ? SCRATCH_BYTES : Buffer.byteLength(text) + 1;
    const at = fits ? pointers.scratch : this.allocate(most);
    const { written } = encoder.encodeInto(text, this.bytes.subarray(at, at + most - 1));
    const hasNuls = text.includes("\0");
    if (hasNuls) replaceNuls(this.bytes, at, at + written);
    this.bytes[at + written] = 0;
    const value = exports.QTS_NewString(pointers.context, at);
    if (at !== pointers.scratch) exports.free(at);
    if (value === 0 || this.isException(value)) throw new OutOfMemory();
    if (hasNuls || !text.isWellFormed()) this.#restoreUnits(value, text);
    return value;
  }

  /** The engine takes C strings of UTF-8, so NULs travel as U+0001 and lone surrogates as U+FFFD. They are put back in the fresh string, which nobody has seen yet. */
  #restoreUnits(value: Pointer, text: string): void {
    const { view, layout } = this;
    const string = view.getUint32(value, true);
    const wide = view.getUint32(string + layout.stringLength, true) >>> 31 === 1;
    const data = string + layout.stringData;
    // Every unit, one by one: a search for each of ten million NULs would take seconds.
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit !== 0 && (unit & SURROGATE_BITS) !== SURROGATE) continue;
      if (wide) view.setUint16(data + i * 2, unit, true);
      else this.bytes[data + i] = unit;
    }
  }

  newBytes(data: Uint8Array): Pointer {
    const at = this.allocate(Math.max(1, data.byteLength));
    this.bytes.set(data, at);
    const value = this.exports.QTS_NewArrayBuffer(this.pointers.context, at, data.byteLength);
    if (value === 0 || this.isException(value)) throw new OutOfMemory();
    return value;
  }

  newFunction(name: string, id: number): Pointer {
    const { exports, pointers } = this;
    const length = encoder.encodeInto(`${name}\0`, this.bytes.subarray(pointers.scratch, pointers.scratch + SCRATCH_BYTES)).written;
    if (length === 0) throw new Error("empty name");
    return exports.QTS_NewFunction(pointers.context, pointers.scratch, 0, 0, id);
  }

  /** A malloc'd boxed word, for a result. */
  newWord(tag: number, payload: number): Pointer {
    const at = this.allocate(8);
    this.setWord(at, tag, payload);
    return at;
  }

  newNumber(value: number): Pointer {
    const at = this.allocate(8);
    this.setNumber(at, value);
    return at;
  }

  setWord(at: Pointer, tag: number, payload: number): void {
    this.view.setInt32(at, payload, true);
    this.view.setInt32(at + 4, tag, true);
  }

  setNumber(at: Pointer, value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) this.setWord(at, TAG.int, value);
    else {
      this.view.setFloat64(at, value, true);
      this.view.setInt32(at + 4, (this.view.getInt32(at + 4, true) - this.layout.float64Addend) | 0, true);
    }
  }

  /** Address of the boxed word that argument `index` of an entry can use. */
  argumentWord(index: number): Pointer {
    return this.pointers.argv + 16 + index * 8;
  }

  setArgument(index: number, value: Pointer): void {
    this.view.setUint32(this.pointers.argv + index * 4, value, true);
  }

  free(value: Pointer): void {
    this.exports.QTS_FreeValuePointer(this.pointers.context, value);
  }

  /** Frees the exception `result` and returns what was thrown, to be freed with `free`. */
  takeThrown(result: Pointer): Pointer {
    const thrown = this.exports.QTS_ResolveException(this.pointers.context, result);
    this.free(result);
    return thrown === 0 ? this.pointers.undefined : thrown;
  }

  #imports(): Record<string, unknown> {
    const instance = this;
    return {
      memory: this.memory,
      call_function: (_context: number, _self: number, argc: number, argv: number, id: number) => instance.hooks.callFunction(argc, argv >>> 0, id),
      interrupt: suspending((runtime) => instance.hooks.interrupt(runtime !== 0)),
      resize_heap: (bytes: number) => (instance.hooks.grow(bytes >>> 0) ? 1 : 0),
      date_now: () => instance.hooks.now(),
      // Guests live in UTC: the host's time zone is none of their business.
      localtime: (seconds: bigint, at: number) => writeUtc(instance.view, Number(seconds), at),
      tzset: (timezone: number, daylight: number, standardName: number, daylightName: number) => {
        instance.view.setUint32(timezone, 0, true);
        instance.view.setUint32(daylight, 0, true);
        instance.bytes[standardName] = 0;
        instance.bytes[daylightName] = 0;
      },
      environ_sizes_get: (count: number, size: number) => {
        instance.view.setUint32(count, 0, true);
        instance.view.setUint32(size, 0, true);
        return 0;
      },
      ...SAME_EVERYWHERE,
    };
  }
}

const EBADF = 8;

/** Of no instance. */
const SAME_EVERYWHERE = {
  environ_get: () => 0,
  abort: () => fault("abort"),
  assert_fail: () => fault("assertion failed"),
  exit: () => fault("exit"),
  load_module: () => 0,
  normalize_module: () => 0,
  free_host_ref: () => {},
  setitimer: () => 0,
  runtime_keepalive_clear: () => {},
  fd_close: () => EBADF,
  fd_seek: () => EBADF,
  fd_write: () => EBADF,
};

function replaceNuls(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) if (bytes[i] === 0) bytes[i] = 1;
}

function fault(what: string): never {
  throw new Error(`engine ${what}`);
}

/** Fills a C `struct tm` with UTC fields. */
function writeUtc(view: DataView, seconds: number, at: number): void {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  const dayOfYear = Math.floor((Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000);
  const fields = [date.getUTCSeconds(), date.getUTCMinutes(), date.getUTCHours(), date.getUTCDate(), date.getUTCMonth(), year - 1900, date.getUTCDay(), dayOfYear, 0, 0];
  for (const [i, field] of fields.entries()) view.setInt32(at + i * 4, field, true);
}
