/**
 * The guest rooms in a stock QuickJS, with their real host handlers behind a plain marshalling of ops: no metering, no snapshots. For tests of what a
 * room does; what the isolate does to it is tested with real isolates.
 */
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, type QuickJSContext, type QuickJSHandle } from "quickjs-emscripten-core";
import { coreOps } from "../../../src/isolate/core-ops.ts";
import { GuestError } from "../../../src/isolate/guest-error.ts";
import type { Invocation, InvocationLimits, OpContext } from "../../../src/isolate/invocation.ts";
import type { Op, Wire } from "../../../src/isolate/op.ts";
import { type Room, room } from "../../../src/isolate/op-table.ts";
import { Resources } from "../../../src/isolate/resources.ts";
import { createCatalogue } from "../../../src/web/index.ts";

const LIMITS: InvocationLimits = {
  cpuMs: 5000,
  wallMs: 30_000,
  streamMs: 300_000,
  waitUntilMs: 30_000,
  subrequests: 50,
  subrequestsAtOnce: 6,
  timers: 1000,
  logBytes: 65_536,
  logLineBytes: 8192,
  streamBufferBytes: 262_144,
};

const built = await Bun.build({ entrypoints: [`${import.meta.dir}/../fixtures/entry.ts`], format: "iife", target: "browser" });
if (!built.success) throw new AggregateError(built.logs, "the guest rooms do not bundle");
const bundle = await (built.outputs[0] as Blob).text();
const engine = await newQuickJSWASMModuleFromVariant(variant);

export interface StockGuestOptions {
  readonly limits?: Partial<InvocationLimits>;
  readonly now?: () => number;
}

export class StockGuest implements Disposable {
  readonly logs: { level: string; text: string }[] = [];
  readonly failures: string[] = [];
  fuel = 0;
  readonly #vm: QuickJSContext = engine.newContext();
  readonly #invocations = new Map<number, OpContext>();
  readonly #options: StockGuestOptions;
  /** Made before any app could patch what they use. */
  readonly #readers = {
    string: this.#vm.unwrapResult(this.#vm.evalCode("((stringify) => (text) => stringify(text))(JSON.stringify)")),
    bytes: this.#vm.unwrapResult(this.#vm.evalCode('((length) => (bytes) => { const n = length(bytes); let list = "["; for (let i = 0; i < n; i++) list += (i ? "," : "") + bytes[i]; return list + "]" })(Function.prototype.call.bind(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length").get))')),
  };
  #deliver: QuickJSHandle | null = null;
  #names: string[] = [];
  #current: OpContext;
  #nextCall = 1;
  #nextInvocation = 1;
  #nextRid = 1;

  constructor(options: StockGuestOptions = {}) {
    this.#options = options;
    this.#current = this.open();
    const rooms = createCatalogue({
      sink: (_ctx, level, text) => this.logs.push({ level, text }),
      clock: { origin: 1_000_000, now: options.now ?? (() => performance.now()) },
    });
    this.#boot([room("core", coreOps, { event_failed: (_ctx, _id, text) => void this.failures.push(text), app_loaded: () => {} }), ...rooms]);
  }

  /** A new invocation, which later code runs on behalf of. */
  open(): OpContext {
    const invocations = this.#invocations;
    const id = this.#nextInvocation++;
    const resources = new Resources({ nextRid: () => this.#nextRid++ });
    const invocation: Invocation = {
      id,
      requestId: `r${id}`,
      app: "app",
      limits: { ...LIMITS, ...this.#options.limits },
      resources,
      signal: new AbortController().signal,
    };
    const ctx: OpContext = {
      invocation,
      charge: (fuel) => {
        this.fuel += fuel;
      },
      enter: (event, a = 0, b = 0) => {
        if (invocations.has(id)) this.#enter(ctx, this.#names.indexOf(event) + 1, id, a, b);
      },
      answer: () => {},
      fail: () => {},
      finish: () => this.end(ctx),
      peer: (other) => invocations.get(other),
    };
    invocations.set(id, ctx);
    this.#current = ctx;
    return ctx;
  }

  end(ctx: OpContext): void {
    this.#invocations.delete(ctx.invocation.id);
    ctx.invocation.resources.closeAll();
  }

  /** Runs the body of an async function and returns what it returns, through JSON. */
  async run(body: string): Promise<any> {
    const vm = this.#vm;
    const started = vm.unwrapResult(vm.evalCode(`(async () => { ${body}\n})().then((v) => JSON.stringify(v), (e) => { throw e })`, "app.js"));
    const settled = vm.resolvePromise(started);
    started.dispose();
    this.#drain();
    const result = await settled;
    if (result.error) {
      const error = vm.dump(result.error);
      result.error.dispose();
      throw new Error(`guest: ${typeof error === "object" ? `${error.name}: ${error.message}\n${error.stack}` : error}`);
    }
    const text = vm.dump(result.value);
    result.value.dispose();
    return text === undefined ? undefined : JSON.parse(text);
  }

  [Symbol.dispose](): void {
    for (const ctx of [...this.#invocations.values()]) this.end(ctx);
  }

  #boot(rooms: readonly Room[]): void {
    const vm = this.#vm;
    const ops = vm.newObject();
    for (const { ops: table, handlers } of rooms)
      for (const name of Object.keys(table)) {
        const native = vm.newFunction(name, (...args) => this.#call(name, table[name] as Op<unknown[], unknown>, handlers[name] as never, args));
        vm.setProp(ops, name, native);
      }
    const ready = vm.newFunction("ready", (deliver, names) => {
      this.#deliver = deliver.dup();
      this.#names = vm.getString(names).split("\n").filter(Boolean);
    });
    const wrapped = vm.unwrapResult(vm.evalCode(`(function (__nanoOps, __nanoReady) { ${bundle}\n})`, "nano:bootstrap"));
    vm.unwrapResult(vm.callFunction(wrapped, vm.undefined, ops, ready)).dispose();
    this.#drain();
  }

  #call(name: string, op: Op<unknown[], unknown>, handler: (ctx: OpContext, ...args: unknown[]) => unknown, args: QuickJSHandle[]): QuickJSHandle {
    const ctx = this.#current;
    try {
      const result = handler(ctx, ...op.args.map((wire: Wire<unknown>, i: number) => this.#decode(name, wire, args[i])));
      if (op.mode === "sync") return this.#encode(op.result, result);
      const call = this.#nextCall++;
      (result as Promise<unknown>).then(
        (value) => this.#enter(ctx, 0, call, this.#encode(op.result, value), false),
        (error) => this.#enter(ctx, 0, call, errorText(error), true),
      );
      return this.#vm.newNumber(call);
    } catch (error) {
      const thrown = this.#vm.newString(errorText(error));
      throw thrown;
    }
  }

  #decode(name: string, wire: Wire<unknown>, handle: QuickJSHandle | undefined): unknown {
    const vm = this.#vm;
    const type = handle === undefined ? "undefined" : vm.typeof(handle);
    if (handle === undefined || type === "undefined" || vm.dump(handle) === null) {
      if (wire.nullable === true) return null;
      throw new GuestError("TypeError", `${name}: an argument is missing`);
    }
    if (wire.kind === "str" || (wire.kind === "body" && type === "string")) {
      if (type !== "string") throw new GuestError("TypeError", `${name}: not a string`);
      // The library's own reader replaces lone surrogates.
      const text = this.#viaJson("string", handle) as string;
      if (text.length > (wire.max ?? 0)) throw new GuestError("TypeError", `${name}: too long`);
      return text;
    }
    if (wire.kind === "json") return JSON.parse(vm.getString(handle));
    if (wire.kind === "bytes" || wire.kind === "body") {
      return Uint8Array.from(this.#viaJson("bytes", handle) as number[]);
    }
    return vm.dump(handle);
  }

  #viaJson(how: "string" | "bytes", handle: QuickJSHandle): unknown {
    const { vm, reader } = { vm: this.#vm, reader: this.#readers[how] };
    return JSON.parse(vm.unwrapResult(vm.callFunction(reader, vm.undefined, handle)).consume((text) => vm.getString(text)));
  }

  #encode(wire: Wire<unknown>, value: unknown): QuickJSHandle {
    const vm = this.#vm;
    if (wire.kind === "nothing" || value === undefined) return vm.undefined;
    if (value === null) return vm.null;
    if (wire.kind === "json") return vm.newString(JSON.stringify(value));
    if (wire.kind === "bytes") return vm.newArrayBuffer((value as Uint8Array<ArrayBuffer>).slice().buffer);
    if (wire.kind === "bool") return value === true ? vm.true : vm.false;
    if (wire.kind === "str") return vm.unwrapResult(vm.evalCode(JSON.stringify(value)));
    return vm.newNumber(value as number);
  }

  #enter(ctx: OpContext, event: number, id: number, a: QuickJSHandle | string | number, b: string | number | boolean): void {
    const vm = this.#vm;
    const before = this.#current;
    this.#current = ctx;
    const toHandle = (value: QuickJSHandle | string | number | boolean) =>
      typeof value === "string" ? vm.newString(value) : typeof value === "number" ? vm.newNumber(value) : typeof value === "boolean" ? (value ? vm.true : vm.false) : value;
    vm.unwrapResult(vm.callFunction(this.#deliver as QuickJSHandle, vm.undefined, vm.newNumber(event), vm.newNumber(id), toHandle(a), toHandle(b))).dispose();
    this.#drain();
    this.#current = before;
  }

  #drain(): void {
    this.#vm.unwrapResult(this.#vm.runtime.executePendingJobs());
  }
}

function errorText(error: unknown): string {
  return error instanceof GuestError ? `${error.guestName}\n${error.message}` : `Error\ninternal error: ${error}`;
}
