/** Bodies on their way: large ones, slow ones, several at once, and those that are given up. */
import { describe, expect, test } from "bun:test";
import type { BytePipe } from "../../src/base/byte-pipe.ts";
import type { ByteSource } from "../../src/base/wire.ts";
import { GuestError } from "../../src/isolate/guest-error.ts";
import type { OpContext } from "../../src/isolate/invocation.ts";
import type { FetchHead } from "../../src/web/fetch/ops.ts";
import { sourceOf, TestIsolate } from "../harness/isolate.ts";

const MEGABYTE = 1 << 20;
const guest = new TestIsolate();
const head = (bodyRid: number): FetchHead => ({ status: 200, statusText: "OK", url: "http://up.test/", redirected: false, headers: "", bodyRid });

/** An egress whose answers the test gives, by path. */
function heldEgress(): { egress: { fetch_start: (ctx: OpContext, id: number, packed: string, data: unknown, rid: number) => Promise<FetchHead>; fetch_abort: (ctx: OpContext, id: number) => void }; answer: (path: string, body: ByteSource | Error) => void; until: (path: string) => Promise<void>; aborted: number[]; sinks: BytePipe[] } {
  const calls = new Map<string, { ctx: OpContext; resolve: (head: FetchHead) => void; reject: (error: unknown) => void }>();
  const waiting = new Map<string, () => void>();
  const aborted: number[] = [];
  const sinks: BytePipe[] = [];
  return {
    egress: {
      fetch_start: (ctx, _id, packed, _data, rid) =>
        new Promise((resolve, reject) => {
          const path = new URL(packed.split("\n")[1] as string).pathname;
          if (rid !== 0) sinks.push(ctx.invocation.resources.get<BytePipe>(rid, "sink"));
          calls.set(path, { ctx, resolve, reject });
          waiting.get(path)?.();
        }),
      fetch_abort: (_ctx, id) => void aborted.push(id),
    },
    answer: (path, body) => {
      const call = calls.get(path);
      if (body instanceof Error) call?.reject(body);
      else call?.resolve(head(call.ctx.invocation.resources.add("source", body, () => body.cancel())));
    },
    until: (path) => (calls.has(path) ? Promise.resolve() : new Promise((resolve) => waiting.set(path, resolve))),
    aborted,
    sinks,
  };
}

test("a blob of a megabyte comes in, is sliced, and goes out as it was", async () => {
  using app = await TestIsolate.load(`export default { async fetch(request) {
    const blob = await request.blob(), half = blob.size / 2;
    return new Response(new Blob([blob.slice(0, half), await blob.slice(half).arrayBuffer()], { type: blob.type }));
  } }`);
  const bytes = Uint8Array.from({ length: MEGABYTE }, (_, at) => (at * 31) >> 3);
  const { answer } = await app.request({ method: "POST", body: bytes, headers: [["content-type", "x/y"]] });
  expect(answer.headers).toEqual([["content-type", "x/y"]]);
  expect(Buffer.compare(Buffer.from(await answer.bytes()), Buffer.from(bytes))).toBe(0);
});

test("a fetch that takes long lets timers fire", async () => {
  const held = heldEgress();
  using app = await TestIsolate.load(
    `export default { async fetch() {
      let ticks = 0; const timer = setInterval(() => { if (++ticks === 5) console.log("five") }, 1);
      const text = await (await fetch("http://up.test/slow")).text(); clearInterval(timer);
      return new Response(text + (ticks >= 5));
    } }`,
    { egress: held.egress },
  );
  const exchange = app.send();
  while (app.logs.length === 0) await new Promise((later) => setImmediate(later));
  held.answer("/slow", sourceOf(new TextEncoder().encode("done ")));
  expect(await (await exchange.answer).text()).toBe("done true");
});

test("two fetches settle each on its own, the later one first, one well and one badly", async () => {
  const held = heldEgress();
  using app = await TestIsolate.load(
    `export default { async fetch() {
      const seen = [], see = (name) => (value) => { seen.push(name + " " + value); console.log(name) };
      const first = fetch("http://up.test/first").then((r) => r.text()).then(see("first"), (e) => see("first failed")(e.name));
      await fetch("http://up.test/second").then((r) => r.text()).then(see("second"));
      await first;
      return Response.json(seen);
    } }`,
    { egress: held.egress },
  );
  const exchange = app.send();
  await held.until("/second");
  held.answer("/second", sourceOf(new TextEncoder().encode("2")));
  while (app.logs.length === 0) await new Promise((later) => setImmediate(later));
  held.answer("/first", new GuestError("TypeError", "gone"));
  expect(JSON.parse(await (await exchange.answer).text())).toEqual(["second 2", "first failed TypeError"]);
});

describe("an abort", () => {
  const upload = `
    const seen = [], controller = new AbortController(), { signal } = controller;
    const body = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(10)); seen.push("pulled") }, cancel(reason) { seen.push("canceled " + reason) } }, { highWaterMark: 0 });
    const send = () => fetch("http://up.test/", { method: "POST", body, duplex: "half", signal }).then(() => "answered", (reason) => reason);`;

  test("before the call cancels the stream that would have been sent, at once and for the same reason", async () => {
    expect(await guest.run(`${upload} controller.abort("why"); const sent = send(); seen.push("returned"); return [seen, await sent]`)).toEqual([["canceled why", "returned"], "why"]);
  });

  test("while the body is sent cancels it at once, and tells the host", async () => {
    const held = heldEgress();
    using app = new TestIsolate({ egress: held.egress });
    expect(await app.run(`${upload} const sent = send(); await new Promise((later) => setTimeout(later, 5)); const pulled = seen.length; controller.abort("why"); seen.push("returned"); return [pulled > 0, seen.slice(pulled), await sent, body.locked]`)).toEqual([
      true,
      ["canceled why", "returned"],
      "why",
      true,
    ]);
    expect(held.aborted.length).toBe(1);
  });

  test("while the answer is read ends the reading, and what has been read stays", async () => {
    const held = heldEgress();
    using app = await TestIsolate.load(
      `export default { async fetch() {
        const controller = new AbortController(), response = await fetch("http://up.test/part", { signal: controller.signal }), reader = response.body.getReader();
        const first = (await reader.read()).value.length, second = reader.read().catch((reason) => reason);
        controller.abort("enough");
        const late = await fetch("http://up.test/part", { signal: controller.signal }).catch((reason) => reason);
        return Response.json([first, await second, late, await reader.closed.catch((reason) => reason)]);
      } }`,
      { egress: held.egress },
    );
    const exchange = app.send();
    await held.until("/part");
    let pulls = 0;
    held.answer("/part", { pull: () => (pulls++ === 0 ? Promise.resolve(new Uint8Array(7)) : new Promise(() => {})), cancel() {} });
    expect(JSON.parse(await (await exchange.answer).text())).toEqual([7, "enough", "enough", "enough"]);
  });

  test("while integrity is checked rejects with its reason", async () => {
    const held = heldEgress();
    using app = await TestIsolate.load(
      `export default { async fetch() {
        const controller = new AbortController();
        const checked = fetch("http://up.test/x", { signal: controller.signal, integrity: "sha256-AAAA" }).catch((reason) => reason);
        setTimeout(() => controller.abort("enough"), 5);
        return new Response(await checked);
      } }`,
      { egress: held.egress },
    );
    const exchange = app.send();
    await held.until("/x");
    held.answer("/x", { pull: () => new Promise(() => {}), cancel() {} });
    expect(await (await exchange.answer).text()).toBe("enough");
  });
});

test("an app that gives every object a then cannot come between a body and its reader", async () => {
  expect(
    await guest.run(`
      const read = async (method) => {
        const response = new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('"hello"')); c.close() } }));
        Object.prototype.then = (resolve) => { delete Object.prototype.then; resolve({ done: false, value: new Uint8Array([1]) }) };
        const reading = response[method]();
        const value = await reading.finally(() => delete Object.prototype.then);
        return value;
      };
      return [await read("text"), await read("json")];`),
  ).toEqual(['"hello"', "hello"]);
});

test("a form is read and written in time that grows with its size only", async () => {
  using app = await TestIsolate.load(`export default { async fetch(request) { return new Response(await request.formData()) } }`);
  const form = (parts: number, size: number) => `${Array.from({ length: parts }, (_, at) => `--b\r\nContent-Disposition: form-data; name="n${at}"; filename="f"\r\n\r\n${"\r\n--".repeat(size / 4)}\r\n`).join("")}--b--`;
  const fuel = async (parts: number, size: number) => (await app.request({ method: "POST", headers: [["content-type", "multipart/form-data; boundary=b"]], body: form(parts, size) })).fuel;
  // Memory that has to grow is paid for by the one that needs it, until there is enough.
  for (let i = 0; i < 4; i++) {
    await fuel(2_000, 100);
    await fuel(2, 800_000);
  }
  expect(await fuel(2_000, 100)).toBeLessThan((await fuel(500, 100)) * 6);
  expect(await fuel(2, 800_000)).toBeLessThan((await fuel(2, 200_000)) * 6);
});

test("a large upload is taken apart without a copy of it as text", async () => {
  using app = await TestIsolate.load(`export default { async fetch(request) { const form = await request.formData(), file = form.get("file"); return Response.json([file.size, [...await file.slice(-2).bytes()], form.get("after")]) } }`);
  const size = 30 * MEGABYTE;
  const body = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'),
    Buffer.alloc(size - 2, "\r\n--\xc3", "latin1"),
    Buffer.from([1, 2]),
    Buffer.from('\r\n--b\r\nContent-Disposition: form-data; name="after"\r\n\r\nü\r\n--b--'),
  ]);
  const { text, fuel } = await app.request({ method: "POST", headers: [["content-type", "multipart/form-data; boundary=b"]], body });
  expect(JSON.parse(text)).toEqual([size, [1, 2], "ü"]);
  expect(fuel).toBeLessThan(30_000_000);
});

test("a form whose parts are cut short is a TypeError", async () => {
  const parts = ['--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b--', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', '--b\r\nContent-Disposition: form-data; name="a"', "--b\r\n\r\n--b--", "--b", "x--b--", `--b\r\nContent-Disposition: form-data; name="${"a".repeat(20_000)}"\r\n\r\nx\r\n--b--`];
  expect(await guest.run(`const name = (body) => new Response(body, { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData().then(() => "read", (e) => e.name); return await Promise.all(${JSON.stringify(parts)}.map(name))`)).toEqual(parts.map(() => "TypeError"));
});

test("a long text is decoded in pieces as if it were one", async () => {
  const piece = 262_144;
  const texts = [
    ["€", piece - 1], ["€", piece - 2], ["😀", piece - 3], ["ü", piece - 1], ["\ufeff", piece], ["a", piece],
  ] as const;
  const bodies = [...texts.map(([character, at]) => Buffer.concat([Buffer.from("\ufeff"), Buffer.alloc(at - 3, "x"), Buffer.from(character), Buffer.alloc(10, "y")])), ...[[0xe2, 0x82], [0xff], [0xf0, 0x9f, 0x98], [0xc3]].map((bytes) => Buffer.concat([Buffer.alloc(piece - bytes.length, "x"), Buffer.from(bytes), Buffer.alloc(10, "y")]))];
  using app = await TestIsolate.load(`export default { async fetch(request) { return new Response(await request.text()) } }`);
  for (const body of bodies) expect((await app.request({ method: "POST", body })).text).toBe(new TextDecoder().decode(body));
});

test("a long text is encoded in pieces as if it were one", async () => {
  const unit = 131_072;
  expect(
    await guest.run(`
      const texts = ["ü", "😀", "\\ud83d", "\\ude00", "€"].flatMap((character) => [1, 2].map((back) => "x".repeat(${unit} - back) + character + "y".repeat(5)));
      const whole = async (text) => (await Promise.all([text.slice(0, 1000), text.slice(1000, ${unit} - 100), text.slice(${unit} - 100)].map((part) => new Blob([part]).bytes()))).flatMap((bytes) => [...bytes]);
      const faults = [];
      for (const text of texts) { const bytes = await new Blob([text]).bytes(), wanted = await whole(text); if (bytes.length !== wanted.length || bytes.some((byte, at) => byte !== wanted[at])) faults.push(text.slice(-8)) }
      return faults;`),
  ).toEqual([]);
});

describe("the text of a body that comes in", () => {
  const echo = () => TestIsolate.load(`export default { async fetch(request) {
    const text = await request.text();
    return new Response(JSON.stringify([text.length, text.slice(0, 4), text.slice(-4)]));
  } }`);
  const textOf = async (app: TestIsolate, ...chunks: readonly Uint8Array[]) => JSON.parse((await app.request({ method: "POST", body: sourceOf(...chunks) })).text);
  const utf8 = (text: string) => new TextEncoder().encode(text);

  test("is whole across chunks, wherever they part a character", async () => {
    using app = await echo();
    const bytes = utf8("aé✓💡z");
    for (let at = 1; at < bytes.length; at++) expect(await textOf(app, bytes.subarray(0, at), bytes.subarray(at))).toEqual([6, "aé✓\ud83d", "✓💡z"]);
    expect(await textOf(app)).toEqual([0, "", ""]);
  });

  test("loses one byte order mark and no more, and what is no UTF-8 becomes U+FFFD", async () => {
    using app = await echo();
    expect(await textOf(app, utf8("\ufeffx"))).toEqual([1, "x", "x"]);
    expect(await textOf(app, utf8("\ufeff\ufeffx"))).toEqual([2, "\ufeffx", "\ufeffx"]);
    expect(await textOf(app, Uint8Array.of(0x61, 0xff, 0x62, 0, 0x63))).toEqual([5, "a\ufffdb\0", "\ufffdb\0c"]);
  });

  test("is the same whether it is short or long, in many chunks or one", async () => {
    using app = await echo();
    for (const length of [65_535, 65_536, 65_537, 300_000])
      for (const size of [1_000, 65_536, 300_000]) {
        const bytes = utf8(`abcd${"é".repeat((length - 8) / 2)}wxyz`);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
        expect(await textOf(app, ...chunks)).toEqual([new TextDecoder().decode(bytes).length, "abcd", "wxyz"]);
      }
  });
});
