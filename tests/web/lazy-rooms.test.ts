import { describe, expect, test } from "bun:test";
import { LAZY_ROOMS } from "../../src/web/lazy-rooms.ts";
import { roomsUsedBy } from "../../src/web/room-scan.ts";
import { TestIsolate } from "../harness/isolate.ts";
import { POISON } from "./support/poison.ts";

const NAMES = LAZY_ROOMS.flatMap(({ globals, operations = [] }) => [...globals.map((name) => [name, false] as const), ...operations.map((name) => [name, true] as const)]);
/** The name as an expression that no scan of the source finds. */
const hidden = (name: string) => `globalThis[${JSON.stringify(name.slice(0, 2))} + ${JSON.stringify(name.slice(2))}]`;

/** Namespaces and the instances that the platform makes are objects, all else are functions. */
const typeOf = (name: string) => (["Intl", "caches", "scheduler"].includes(name) ? "object" : "function");

describe("a room that waits for its first use", () => {
  test.each(NAMES)("gives %s as the data property that it is everywhere else", async (name, isEnumerable) => {
    using guest = new TestIsolate();
    const key = `${JSON.stringify(name.slice(0, 2))} + ${JSON.stringify(name.slice(2))}`;
    expect(
      await guest.run(`const own = Object.getOwnPropertyDescriptor(globalThis, ${key});
        return [typeof own.value, own.writable, own.enumerable, own.configurable, "get" in own, own.value === ${hidden(name)}, (${key}) in globalThis]`),
    ).toEqual([typeOf(name), true, isEnumerable, true, false, true, true]);
  });

  test.each(LAZY_ROOMS.map(({ name }) => name))("%s brings exactly the names that its catalogue says", async (name) => {
    using guest = new TestIsolate();
    const { globals, operations = [] } = LAZY_ROOMS.find((room) => room.name === name) as (typeof LAZY_ROOMS)[number];
    const [before, after, missing] = await guest.run(`const before = Object.getOwnPropertyNames(globalThis);
      for (const use of [${[...globals, ...operations].map((global) => `() => ${hidden(global)}`).join(", ")}]) use();
      return [before, Object.getOwnPropertyNames(globalThis), [${[...globals, ...operations].map(hidden).join(", ")}].map((value) => typeof value)]`);
    expect(after.toSorted()).toEqual(before.toSorted());
    expect(missing).toEqual([...globals, ...operations].map(typeOf));
  });

  test("is the same through Reflect and for those who ask for all descriptors at once", async () => {
    using guest = new TestIsolate();
    expect(await guest.run(`return [Reflect.getOwnPropertyDescriptor(globalThis, "Readable" + "Stream"), Object.getOwnPropertyDescriptors(globalThis)["Compression" + "Stream"]].map((own) => [typeof own.value, own.get === undefined])`)).toEqual([
      ["function", true],
      ["function", true],
    ]);
  });

  test("leaves alone what the app has put in the place of its names, or removed", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`${hidden("ReadableStream")} = "mine"; delete ${hidden("TransformStream")};
        const text = await new Response(new Blob(["x"]).stream()).text();
        return [text, ${hidden("ReadableStream")}, ${hidden("TransformStream")} === undefined, typeof ${hidden("WritableStream")}]`),
    ).toEqual(["x", "mine", true, "function"]);
  });

  test("works on a frozen globalThis", async () => {
    using guest = new TestIsolate();
    expect(await guest.run(`Object.freeze(globalThis); return [new (${hidden("ReadableStream")})().locked, ${hidden("ReadableStream")} === ${hidden("ReadableStream")}]`)).toEqual([false, true]);
  });

  test("can be asked for again by an app that ran out of stack the first time", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`let tries = 0, failed = 0;
        const dive = () => { try { dive() } catch (e) { tries++; try { ${hidden("ReadableStream")} } catch (e) { failed++; throw e } } };
        try { dive() } catch {}
        return [tries > 0, failed > 0, new (${hidden("ReadableStream")})() instanceof ${hidden("ReadableStream")}]`),
    ).toEqual([true, true, true]);
  });

  test("shows nothing of itself: no source, no frames, no names", async () => {
    using guest = new TestIsolate();
    const [text, frames] = await guest.run(`const stream = new (${hidden("ReadableStream")})({ start() { globalThis.stack = new Error().stack } });
      return [stream.getReader.toString(), globalThis.stack]`);
    expect(text).toBe("function getReader() {\n    [native code]\n}");
    expect(frames.split("\n").filter((line: string) => /eval|input|nano:|ReadableStream/.test(line))).toEqual(["    at ReadableStream (nano:internal)"]);
  });

  test("loads in an app that has replaced every built-in and removed eval", async () => {
    for (const [name] of NAMES) {
      using guest = new TestIsolate();
      await guest.evaluate(`${POISON}
        poison();
        export default { fetch() { let text; try { text = typeof ${hidden(name)} } catch (e) { text = "" + (e.message ?? e) } return new Response(text) } }`);
      expect([name, (await guest.request()).text]).toEqual([name, typeOf(name)]);
    }
  });
});

describe("the code of an app", () => {
  test("decides which rooms are in its snapshot, so that requests do not pay for them", async () => {
    const source = (name: string) => `export default { fetch() { new (${name})(); return new Response("ok") } }`;
    using named = await TestIsolate.load(source("ReadableStream"));
    using unnamed = await TestIsolate.load(source(hidden("ReadableStream")));
    expect((await named.request()).fuel * 20).toBeLessThan((await unnamed.request()).fuel);
  });

  test("is searched for names, members and calls", () => {
    expect(roomsUsedBy("export default { fetch(request, env) { return new Response('hello') } }")).toEqual([]);
    expect(roomsUsedBy("export default { async fetch() { return fetch('http://a.test/') } }")).toEqual(["streams"]);
    expect(roomsUsedBy("for await (const part of request.body) {}")).toEqual(["streams"]);
    expect(roomsUsedBy("new MyReadableStreamThing()")).toEqual([]);
    expect(roomsUsedBy("new CompressionStream('gzip')")).toContain("compression");
  });
});
