/** A plain driver of a built engine for use at build time and in tests: evaluates scripts synchronously and shows raw memory. */

import { GET_FUEL_EXPORT, SET_FUEL_EXPORT } from "../meter/meter.ts";

export interface Boxed {
  /** Low and high word of the boxed value. */
  readonly payload: number;
  readonly tag: number;
}

type Exports = Record<string, (...args: number[]) => number>;

export interface ProbeOptions {
  /** Pages of linear memory at the start; the maximum is fixed. */
  readonly initialPages: number;
  /** Called by the interrupt import. May throw, which ends execution. By default refills and goes on. */
  readonly interrupt?: (engine: ProbeEngine, argument: number) => number;
  /** What the clock shows, so that runs are equal. */
  readonly nowMs?: number;
}

const MAX_PAGES = 4096;
const PAGE_BYTES = 65_536;
const REFILL = 0x7fff_ffff;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ProbeEngine {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
  readonly runtime: number;
  readonly context: number;

  constructor(module: WebAssembly.Module, options: ProbeOptions) {
    this.memory = new WebAssembly.Memory({ initial: options.initialPages, maximum: MAX_PAGES });
    const instance = new WebAssembly.Instance(module, { env: this.#imports(options) });
    this.exports = instance.exports as unknown as Exports;
    this.invoke("initialize");
    this.runtime = this.invoke("QTS_NewRuntime");
    this.context = this.invoke("QTS_NewContext", this.runtime, 0);
  }

  get fuel(): number {
    return this.exports[GET_FUEL_EXPORT]?.() ?? 0;
  }
  set fuel(units: number) {
    this.exports[SET_FUEL_EXPORT]?.(units);
  }
  /** Fresh after every call into the engine: memory may have grown. */
  get view(): DataView {
    return new DataView(this.memory.buffer);
  }
  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  invoke(name: string, ...args: number[]): number {
    const call = this.exports[name];
    if (call === undefined) throw new Error(`the engine does not export ${name}`);
    return call(...args) >>> 0;
  }

  boxed(at: number): Boxed {
    return { payload: this.view.getUint32(at, true), tag: this.view.getInt32(at + 4, true) };
  }

  /** Evaluates a script and returns the pointer to its boxed completion value, which stays alive. Throws an Error with the guest's message. */
  evaluate(source: string): number {
    const code = this.#writeString(source);
    const file = this.#writeString("probe.js");
    const result = this.invoke("QTS_Eval", this.context, code, encoder.encode(source).length, file, 0, 0);
    this.invoke("free", code);
    this.invoke("free", file);
    const error = this.invoke("QTS_ResolveException", this.context, result);
    if (error === 0) return result;
    const text = this.invoke("QTS_Dump", this.context, error);
    throw new Error(this.#readString(text));
  }

  /** Evaluates a script and returns its completion value as JSON text. */
  evaluateJson(source: string): string {
    return this.#readString(this.invoke("QTS_Dump", this.context, this.evaluate(source)));
  }

  #writeString(text: string): number {
    const data = encoder.encode(text);
    const at = this.invoke("malloc", data.length + 1);
    this.bytes.set(data, at);
    this.bytes[at + data.length] = 0;
    return at;
  }

  #readString(at: number): string {
    const { bytes } = this;
    return decoder.decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  #imports({ interrupt, nowMs = 1_700_000_000_000 }: ProbeOptions): Record<string, WebAssembly.Memory | ((...args: number[]) => number | void)> {
    const fault = (what: string) => () => {
      throw new Error(`engine ${what}`);
    };
    return {
      memory: this.memory,
      interrupt: (argument: number) => {
        if (interrupt !== undefined) return interrupt(this, argument);
        this.fuel = REFILL;
        return 0;
      },
      resize_heap: (size: number) => {
        try {
          this.memory.grow(Math.ceil(((size >>> 0) - this.memory.buffer.byteLength) / PAGE_BYTES));
          return 1;
        } catch {
          return 0;
        }
      },
      date_now: () => nowMs,
      environ_sizes_get: (count: number, size: number) => {
        this.view.setUint32(count, 0, true);
        this.view.setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      localtime: () => {},
      tzset: () => {},
      setitimer: () => 0,
      runtime_keepalive_clear: () => {},
      free_host_ref: () => {},
      call_function: fault("called the host"),
      load_module: fault("loads a module"),
      normalize_module: fault("names a module"),
      assert_fail: fault("assertion failed"),
      abort: fault("aborted"),
      exit: fault("exited"),
      fd_close: fault("closes a file"),
      fd_seek: fault("seeks in a file"),
      fd_write: fault("writes a file"),
    };
  }
}
