/** AsyncLocalStorage in real isolates: the value follows the flow, and never another request's. */
import { expect, test } from "bun:test";
import { loadNodeApp, runNode } from "../../harness/node-app.ts";

const IMPORT = 'import { AsyncLocalStorage, AsyncResource } from "node:async_hooks"; const als = new AsyncLocalStorage(), seen = []; const see = (label) => seen.push(label + "=" + als.getStore());';

test("the store follows await, promise reactions, timers, microtasks, generators and streams", async () => {
  expect(
    await runNode(
      `${IMPORT} import { EventEmitter } from "node:events"; import process from "node:process"; import { setTimeout as wait } from "node:timers/promises"; import { promisify } from "node:util";`,
      `
      const wakeless = Promise.resolve();
      await als.run("A", async () => {
        see("sync"); await null; see("await");
        try { await Promise.reject(1); } catch { see("rejected await"); }
        await wakeless.then(() => see("then")); await Promise.reject(1).catch(() => see("catch")); await wakeless.finally(() => see("finally"));
        await Promise.all([wait(1).then(() => see("timers/promises")), new Promise((r) => setTimeout(() => { see("timeout"); r(); }, 1)), new Promise((r) => queueMicrotask(() => { see("microtask"); r(); }))]);
        await new Promise((r) => { let n = 0; const h = setInterval(() => { see("interval"); if (++n === 2) { clearInterval(h); r(); } }, 1); });
        await new Promise((r) => process.nextTick(() => { see("nextTick"); r(); }));
        async function* generator() { see("generator"); await null; yield see("after await in generator"); await null; see("resumed"); }
        for await (const _ of generator()) see("loop");
        await { then(resolve) { see("thenable"); resolve(); } };
        await promisify((callback) => setTimeout(() => callback(null), 1))(); see("promisify");
        const { readable, writable } = new TransformStream({ transform(chunk, c) { see("transform"); c.enqueue(chunk); } });
        const writer = writable.getWriter(); writer.write("x"); writer.close();
        for await (const chunk of readable) see("chunk");
        await new Response("text").text(); see("body");
        await new Promise((r) => { const { port1, port2 } = new MessageChannel(); port2.onmessage = () => { r(); port2.close(); }; port1.postMessage(1); }); see("after message");
        const emitter = new EventEmitter(); emitter.on("e", () => see("emitter")); als.run("B", () => emitter.emit("e"));
        const target = new EventTarget(); target.addEventListener("e", () => see("event")); als.run("B", () => target.dispatchEvent(new Event("e")));
      });
      see("outside");
      return seen;`,
    ),
  ).toEqual([
    "sync=A", "await=A", "rejected await=A", "then=A", "catch=A", "finally=A", "microtask=A", "timers/promises=A", "timeout=A", "interval=A", "interval=A", "nextTick=A", "generator=A", "after await in generator=A", "loop=A",
    "resumed=A", "thenable=A", "promisify=A", "transform=A", "chunk=A", "body=A", "after message=A", "emitter=B", "event=B", "outside=undefined",
  ]);
});

test("run nests, exit leaves, enterWith lasts, disable forgets, and an exception puts the old store back", async () => {
  expect(
    await runNode(
      IMPORT,
      `
      als.run("outer", () => { als.run("inner", () => see("nested")); see("back"); als.exit(() => see("exit")); try { als.run("x", () => { throw 1; }); } catch {} see("after throw"); });
      await als.run("kept", async () => { als.enterWith("entered"); await null; see("enterWith"); });
      see("left");
      const other = new AsyncLocalStorage({ defaultValue: "default", name: "n" });
      als.run("one", () => other.run("two", () => seen.push(als.getStore() + other.getStore())));
      als.run("gone", () => { als.disable(); see("disabled"); });
      seen.push(other.getStore(), other.name, als.run(1, (a, b) => a + b, 2, 3));
      return seen;`,
    ),
  ).toEqual(["nested=inner", "back=outer", "exit=undefined", "after throw=outer", "enterWith=entered", "left=undefined", "onetwo", "disabled=undefined", "default", "n", 5]);
});

test("bind, snapshot and AsyncResource carry a context elsewhere", async () => {
  expect(
    await runNode(
      IMPORT,
      `
      const bound = als.run("bound", () => AsyncLocalStorage.bind(() => see("bind")));
      const snapshot = als.run("shot", () => AsyncLocalStorage.snapshot());
      const resource = als.run("resource", () => new AsyncResource("R"));
      const self = {};
      als.run("elsewhere", () => { bound(); snapshot(() => see("snapshot")); resource.runInAsyncScope(function (a) { seen.push(this === self, a); see("scope"); }, self, 7); see("still"); });
      const method = als.run("m", () => AsyncResource.bind(function (x) { see("method"); return x; }));
      seen.push(method(3), method.length, resource.emitDestroy() === resource, typeof resource.asyncId());
      return seen;`,
    ),
  ).toEqual(["bind=bound", "snapshot=shot", true, 7, "scope=resource", "still=elsewhere", "method=m", 3, 1, true, "number"]);
});

test("a promise made outside keeps nothing, and its reactions run where they were made", async () => {
  expect(
    await runNode(
      IMPORT,
      `
      let settle; const shared = new Promise((resolve) => { settle = resolve; });
      const a = als.run("A", () => shared.then(() => see("a"))), b = als.run("B", async () => { await shared; see("b"); });
      als.run("C", () => settle());
      await Promise.all([a, b]);
      see("end");
      return seen;`,
    ),
  ).toEqual(["a=A", "b=B", "end=undefined"]);
});

test("50 requests at once each see their own store and nobody else's", async () => {
  using app = await loadNodeApp(
    `import { AsyncLocalStorage } from "node:async_hooks";
    const als = new AsyncLocalStorage(), spans = new AsyncLocalStorage();
    const check = (id) => { if (als.getStore()?.id !== id) throw new Error("request " + id + " sees " + JSON.stringify(als.getStore())); };
    const span = (name, work) => spans.run({ name, parent: spans.getStore() }, work);
    async function deep(id, depth) {
      check(id);
      await new Promise((r) => setTimeout(r, (id * 7 + depth * 3) % 5));
      check(id);
      if (depth > 0) await span("s" + depth, () => deep(id, depth - 1));
      await Promise.all([1, 2, 3].map(async (n) => { await null; check(id); await new Promise((r) => queueMicrotask(r)); check(id); }));
      check(id);
    }
    const path = (s) => (s === undefined ? "" : path(s.parent) + "/" + s.name);
    export default { async fetch(request, env, ctx) {
      const id = Number(new URL(request.url).pathname.slice(1));
      if (als.getStore() !== undefined || spans.getStore() !== undefined) throw new Error("leaked into request " + id);
      if (id % 10 === 3) als.enterWith({ id });
      return als.run({ id }, () => span("root", async () => { await deep(id, 4); check(id); return Response.json({ id, span: path(spans.getStore()) }); }));
    } };`,
  );
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, id) => {
      const exchange = app.send({ url: `http://app.test/${id}` });
      return JSON.parse(await (await exchange.answer).text());
    }),
  );
  expect(answers).toEqual(Array.from({ length: 50 }, (_, id) => ({ id, span: "/root" })));
});

test("an app that has no storage pays nothing for its promises", async () => {
  const loop = "export default { async fetch() { for (let i = 0; i < 1000; i++) await null; return new Response(); } };";
  const fuels: number[] = [];
  for (const before of ["", 'import { AsyncLocalStorage } from "node:async_hooks"; globalThis.kept = AsyncLocalStorage;', 'import { AsyncLocalStorage } from "node:async_hooks"; new AsyncLocalStorage();']) {
    using app = await loadNodeApp(before + loop);
    await app.request();
    fuels.push((await app.request()).fuel);
  }
  const [plain = 0, imported = 0, stored = 0] = fuels;
  // A larger heap costs a little at each garbage collection.
  expect(Math.abs(imported - plain)).toBeLessThan(plain / 20);
  expect(stored).toBeGreaterThan(plain);
  expect(stored).toBeLessThan(plain * 4);
});
