/** What ECMA-262 has and the engine lacks, in real isolates. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";
import { bundleOf } from "../harness/node-app.ts";

let isolate: TestIsolate;
beforeAll(() => {
  isolate = new TestIsolate({ limits: { cpuMs: 60_000 } });
});
afterAll(() => isolate[Symbol.dispose]());

const run = (body: string) => isolate.run(`
  const thrown = (fn) => { try { fn(); return "nothing"; } catch (error) { return error.constructor.name; } };
  const late = async (fn) => { try { await fn(); return "nothing"; } catch (error) { return error.constructor.name; } };
  ${body}`);

test("every fill looks like a built-in", async () => {
  expect(
    await run(`
    const shape = (target, key) => { const d = Object.getOwnPropertyDescriptor(target, key); return [d.writable, d.enumerable, d.configurable, d.value.name, d.value.length, "prototype" in d.value, thrown(() => new d.value())].join(); };
    return [[Uint8Array, "fromBase64"], [Uint8Array, "fromHex"], [Uint8Array.prototype, "toBase64"], [Uint8Array.prototype, "toHex"], [Uint8Array.prototype, "setFromBase64"],
      [Uint8Array.prototype, "setFromHex"], [Array, "fromAsync"], [Error, "captureStackTrace"], [DisposableStack.prototype, "use"]].map(([target, key]) => shape(target, key));`),
  ).toEqual([
    "true,false,true,fromBase64,1,false,TypeError", "true,false,true,fromHex,1,false,TypeError", "true,false,true,toBase64,0,false,TypeError", "true,false,true,toHex,0,false,TypeError",
    "true,false,true,setFromBase64,1,false,TypeError", "true,false,true,setFromHex,1,false,TypeError", "true,false,true,fromAsync,1,false,TypeError", "true,false,true,captureStackTrace,1,false,TypeError",
    "true,false,true,use,1,false,TypeError",
  ]);
});

test("bytes become base64 and hexadecimal and come back", async () => {
  expect(
    await run(`
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const view = bytes.subarray(250);
    return [
      Uint8Array.fromBase64(bytes.toBase64()).join() === bytes.join(), Uint8Array.fromHex(bytes.toHex()).join() === bytes.join(),
      view.toBase64(), view.toBase64({ alphabet: "base64url" }), new Uint8Array([255]).toBase64({ omitPadding: true }), view.toHex(), new Uint8Array(0).toBase64(),
      [...Uint8Array.fromBase64(" -_ -_ ", { alphabet: "base64url" })], Uint8Array.fromBase64("AQ").buffer.byteLength,
    ];`),
  ).toEqual([true, true, "+vv8/f7/", "-vv8_f7_", "/w", "fafbfcfdfeff", "", [251, 255, 191], 1]);
});

test("a megabyte or several round-trip, and white space between the pieces does no harm", async () => {
  expect(
    await run(`
    const bytes = new Uint8Array(5_000_000);
    for (let i = 0; i < bytes.length; i += 997) bytes[i] = i;
    const same = (a, b) => { if (a.length !== b.length) return false; for (let i = 0; i < a.length; i += 7) if (a[i] !== b[i]) return false; return a.at(-1) === b.at(-1); };
    const text = bytes.toBase64();
    const spaced = text.slice(0, 1000) + " ".repeat(4_000_000) + text.slice(1000, 3_000_001) + "\\n" + text.slice(3_000_001);
    return [same(Uint8Array.fromBase64(text), bytes), same(Uint8Array.fromBase64(spaced), bytes), same(Uint8Array.fromHex(bytes.toHex()), bytes), text.length];`),
  ).toEqual([true, true, true, 6_666_668]);
});

test("what is no base64 or hexadecimal is a SyntaxError, and what came before it has been written", async () => {
  expect(
    await run(`
    const target = new Uint8Array(4).fill(9);
    const into = (method, text, options) => { target.fill(9); return [thrown(() => target[method](text, options)), target.join()]; };
    return [
      thrown(() => Uint8Array.fromBase64("a")), thrown(() => Uint8Array.fromBase64("AAA!")), thrown(() => Uint8Array.fromBase64("AQ", { lastChunkHandling: "strict" })),
      thrown(() => Uint8Array.fromHex("abc")), thrown(() => Uint8Array.fromHex("zz")), into("setFromBase64", "AQID!!!!"), into("setFromHex", "0102zz"),
    ];`),
  ).toEqual(["SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", ["SyntaxError", "1,2,3,9"], ["SyntaxError", "1,2,9,9"]]);
});

test("setFromBase64 and setFromHex stop where the array is full and say how far they came", async () => {
  expect(
    await run(`
    const room = (n, method, text, options) => { const bytes = new Uint8Array(n); const { read, written } = bytes[method](text, options); return [read, written, bytes.join()]; };
    return [room(3, "setFromBase64", "AQIDBAUG"), room(4, "setFromBase64", "AQIDBAUG"), room(0, "setFromBase64", "AQID"), room(6, "setFromBase64", "AQIDBA", { lastChunkHandling: "stop-before-partial" }),
      room(2, "setFromHex", "010203")];`),
  ).toEqual([[4, 3, "1,2,3"], [4, 3, "1,2,3,0"], [0, 0, ""], [4, 3, "1,2,3,0,0,0"], [4, 2, "1,2"]]);
});

test("arguments of the byte methods are not converted, and receivers are checked", async () => {
  expect(
    await run(`
    const options = (o) => thrown(() => Uint8Array.fromBase64("", o));
    const gone = new Uint8Array(4); const detach = { get omitPadding() { structuredClone(gone.buffer, { transfer: [gone.buffer] }); return false; } };
    return [thrown(() => Uint8Array.fromBase64(new String("AA"))), options(null), options({ alphabet: new String("base64") }), options({ lastChunkHandling: "lose" }), options({ alphabet: undefined }),
      thrown(() => Uint8Array.prototype.toHex.call(new Int8Array(1))), thrown(() => Uint8Array.prototype.setFromHex.call([], "")), thrown(() => gone.toBase64(detach))];`),
  ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "nothing", "TypeError", "TypeError", "TypeError"]);
});

test("Array.fromAsync takes async iterables, iterables of promises and lists, and maps", async () => {
  expect(
    await run(`
    async function* numbers() { yield 1; yield 2; }
    class List extends Array {}
    const list = await Array.fromAsync.call(List, [Promise.resolve(5)]);
    return [await Array.fromAsync(numbers()), await Array.fromAsync([Promise.resolve(1), 2]), await Array.fromAsync({ length: 2, 0: "a", 1: Promise.resolve("b") }),
      await Array.fromAsync(numbers(), async (n, i) => n * 10 + i), list instanceof List, list.length, await Array.fromAsync.call(undefined, "ab")];`),
  ).toEqual([[1, 2], [1, 2], ["a", "b"], [10, 21], true, 1, ["a", "b"]]);
});

test("Array.fromAsync rejects and closes the iterator when something throws", async () => {
  expect(
    await run(`
    const log = [];
    const source = { [Symbol.asyncIterator]() { return { next: async () => ({ done: false, value: 1 }), return: async () => { await null; log.push("closed"); return {}; } }; } };
    return [await late(() => Array.fromAsync(source, () => { throw new RangeError(); })), log.join(), await late(() => Array.fromAsync(null)), await late(() => Array.fromAsync([], 1)), await late(() => Array.fromAsync([Promise.reject(new EvalError())]))];`),
  ).toEqual(["RangeError", "closed", "TypeError", "TypeError", "EvalError"]);
});

test("a DisposableStack disposes in reverse order and keeps every error", async () => {
  expect(
    await run(`
    const log = [];
    const stack = new DisposableStack();
    stack.use({ [Symbol.dispose]() { log.push("used"); throw new RangeError("first"); } });
    stack.adopt("v", (value) => log.push(value));
    stack.defer(() => { log.push("deferred"); throw new EvalError("second"); });
    let error; try { stack.dispose(); } catch (caught) { error = caught; }
    const moved = new DisposableStack(); moved.defer(() => log.push("moved")); const other = moved.move();
    other[Symbol.dispose](); other.dispose();
    return [log.join(), error.constructor === SuppressedError, error.error.message, error.suppressed.message, Error.isError(error), stack.disposed, moved.disposed,
      thrown(() => stack.use(null)), thrown(() => new DisposableStack().use({})), thrown(() => new DisposableStack().use(1)), new DisposableStack().use(undefined) === undefined,
      Object.prototype.toString.call(stack), SuppressedError(1, 2, "m").message, SuppressedError.length];`),
  ).toEqual(["deferred,v,used,moved", true, "first", "second", true, true, true, "ReferenceError", "TypeError", "TypeError", true, "[object DisposableStack]", "m", 3]);
});

test("an AsyncDisposableStack waits for each resource", async () => {
  expect(
    await run(`
    const log = [];
    const stack = new AsyncDisposableStack();
    stack.use({ async [Symbol.asyncDispose]() { await null; log.push("async"); } });
    stack.use({ [Symbol.dispose]() { log.push("sync"); } });
    stack.defer(async () => { await null; log.push("deferred"); });
    stack.use(null);
    await stack.disposeAsync();
    return [log.join(), stack.disposed, await late(() => AsyncDisposableStack.prototype.disposeAsync.call({})), AsyncDisposableStack.prototype[Symbol.asyncDispose] === AsyncDisposableStack.prototype.disposeAsync];`),
  ).toEqual(["deferred,sync,async", true, "TypeError", true]);
});

test("iterators can be disposed of", async () => {
  expect(
    await run(`
    const log = [];
    function* one() { try { yield 1; } finally { log.push("sync"); } }
    async function* two() { try { yield 1; } finally { log.push("async"); } }
    const a = one(); a.next(); a[Symbol.dispose]();
    const b = two(); await b.next(); await b[Symbol.asyncDispose]();
    [].values()[Symbol.dispose]();
    return log.join();`),
  ).toBe("sync,async");
});

test("Error.captureStackTrace gives an object the stack of its caller", async () => {
  expect(
    await run(`
    function inner(target, topmost) { Error.captureStackTrace(target, topmost); return target.stack; }
    function outer(topmost) { return inner({}, topmost); }
    const first = (stack) => /at (\\w+)/.exec(stack)[1];
    const error = new Error("x"); Error.captureStackTrace(error);
    return [first(outer()), first(outer(inner)), Object.keys(error).length, thrown(() => Error.captureStackTrace(1))];`),
  ).toEqual(["inner", "outer", 0, "TypeError"]);
});

test("the fills outlive an app that replaces every method they might use", async () => {
  expect(
    await run(`
    const targets = [Array.prototype, String.prototype, Promise.prototype, Object.getPrototypeOf(Uint8Array).prototype];
    const own = targets.map((target) => Object.getOwnPropertyDescriptors(target)), keys = own.map((descriptors) => Reflect.ownKeys(descriptors));
    const each = (visit) => { for (let i = 0; i < targets.length; i++) for (let k = 0; k < keys[i].length; k++) visit(targets[i], keys[i][k], own[i][keys[i][k]]); };
    const { defineProperty } = Object;
    const evil = () => { throw new Error("patched"); };
    each((target, key, was) => { if (was.configurable && typeof was.value === "function" && key !== "constructor") target[key] = evil; });
    let results;
    try {
      const stack = new DisposableStack(); stack.defer(() => {}); stack.dispose();
      const bytes = new Uint8Array(2); bytes[0] = 1; bytes[1] = 2;
      results = { 0: bytes.toBase64(), 1: Uint8Array.fromBase64("AQI=")[1], 2: Uint8Array.fromHex("0102")[1] };
    } finally {
      each((target, key, was) => defineProperty(target, key, was));
    }
    return [results[0], results[1], results[2]];`),
  ).toEqual(["AQI=", 2, 2]);
});

test("`using` and `await using` dispose at the end of their block, in apps that are bundled", async () => {
  const { code, doorName } = await bundleOf({
    "index.ts": `export default { async fetch() {
      const log: unknown[] = [];
      const sync = (name: string) => ({ [Symbol.dispose]() { log.push(name); } });
      { using a = sync("a"); using b = sync("b"); log.push("body"); }
      { await using c = { async [Symbol.asyncDispose]() { await null; log.push("c"); } }; }
      for (using d of [sync("d1"), sync("d2")]) log.push("loop");
      try { using e = { [Symbol.dispose]() { throw new Error("dispose"); } }; throw new Error("body"); } catch (error) { log.push(error instanceof SuppressedError, (error as any).error.message, (error as any).suppressed.message); }
      using stack = new DisposableStack(); stack.defer(() => log.push("never seen"));
      return Response.json(log);
    } };`,
  });
  using app = await TestIsolate.load(code, {}, doorName);
  expect(JSON.parse((await app.request()).text)).toEqual(["body", "b", "a", "c", "loop", "d1", "loop", "d2", true, "dispose", "body"]);
});
