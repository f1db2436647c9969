import { describe, expect, test } from "bun:test";
import type { ByteSource } from "../../src/base/wire.ts";
import { GuestError } from "../../src/isolate/guest-error.ts";
import type { OpContext } from "../../src/isolate/invocation.ts";
import type { FetchHead } from "../../src/web/fetch/ops.ts";
import { type RequestParts, sourceOf, TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
const encode = (text: string) => new TextEncoder().encode(text);

describe("a request that comes in", () => {
  const seen = async (expression: string, request: RequestParts) => {
    using app = await TestIsolate.load(`export default { async fetch(request) { return Response.json(await (${expression})) } }`);
    return JSON.parse((await app.request(request)).text);
  };

  test("has method, URL and all header fields", async () => {
    const headers = [["Host", "app.test"], ["X-Twice", "1"], ["x-twice", "2"], ["Cookie", "a=b; c=d"], ["X-Latin", "caf\xe9"]] as const;
    expect(await seen("[request.method, request.url, [...request.headers], request.headers.get('X-TWICE'), request.headers.has('nope')]", { method: "PATCH", url: "http://app.test/a%20b?q=%C3%A9", headers })).toEqual([
      "PATCH",
      "http://app.test/a%20b?q=%C3%A9",
      [["cookie", "a=b; c=d"], ["host", "app.test"], ["x-latin", "caf\xe9"], ["x-twice", "1, 2"]],
      "1, 2",
      false,
    ]);
  });

  test("has headers that cannot be changed, unless they are copied", async () => {
    expect(
      await seen(`(() => { const name = (f) => { try { f(); return "changed" } catch (e) { return e.name } }; return [name(() => request.headers.set("a", "b")), name(() => request.headers.append("a", "b")), name(() => request.headers.delete("a")), name(() => new Headers(request.headers).set("a", "b")), name(() => new Request(request).headers.set("a", "b"))] })()`, {
        headers: [["a", "1"]],
      }),
    ).toEqual(["TypeError", "TypeError", "TypeError", "changed", "changed"]);
  });

  test("has a body of any bytes, which can be read once and in every form", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(await seen("request.bytes().then((b) => [...b])", { method: "POST", body: bytes })).toEqual([...bytes]);
    expect(await seen("request.arrayBuffer().then((b) => b.byteLength)", { method: "POST", body: bytes })).toBe(256);
    expect(await seen("request.text()", { method: "POST", body: "\ufeffgrüße" })).toBe("grüße");
    expect(await seen("request.json()", { method: "POST", body: '{"a":[1]}' })).toEqual({ a: [1] });
    expect(await seen("request.blob().then((b) => [b.size, b.type])", { method: "POST", body: "abc", headers: [["content-type", "text/plain"]] })).toEqual([3, "text/plain"]);
    expect(await seen("request.text().then(() => request.text()).catch((e) => [e.name, request.bodyUsed])", { method: "POST", body: "abc" })).toEqual(["TypeError", true]);
    expect(await seen("request.json().catch((e) => e.name)", { method: "POST", body: "{" })).toBe("SyntaxError");
    expect(await seen("[request.body, request.bodyUsed]", {})).toEqual([null, false]);
  });

  test("can be cloned before it is read, and both are read whole", async () => {
    const body = sourceOf(encode("one "), encode("two"));
    expect(await seen("(async () => { const copy = request.clone(); return [await request.text(), await copy.text(), copy.url === request.url, copy.headers.get('a')] })()", { method: "POST", body, headers: [["a", "b"]] })).toEqual(["one two", "one two", true, "b"]);
  });

  test("fails in the app when its sender fails", async () => {
    let pulls = 0;
    const body: ByteSource = { pull: () => (++pulls === 1 ? Promise.resolve(encode("part")) : Promise.reject(new Error("reset"))), cancel() {} };
    expect(await seen("request.text().catch((e) => [e.name, e.message])", { method: "POST", body })).toEqual(["TypeError", "the body could not be read: its sender failed or went away"]);
  });
});

describe("a response that goes out", () => {
  const answered = async (expression: string) => {
    using app = await TestIsolate.load(`export default { fetch() { return ${expression} } }`);
    const { status, statusText, headers, body, bytes } = await app.send().answer.then(async (answer) => ({ ...answer, bytes: await answer.bytes() }));
    return { status, statusText, headers, body, bytes, text: new TextDecoder().decode(bytes) };
  };

  test("keeps status, text, and every field, Set-Cookie several times", async () => {
    const answer = await answered(`new Response("x", { status: 201, statusText: "Made", headers: [["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["X-A", "1"], ["X-a", "2"]] })`);
    expect([answer.status, answer.statusText]).toEqual([201, "Made"]);
    expect(answer.headers).toEqual([["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["X-A", "1"], ["X-a", "2"], ["content-type", "text/plain;charset=UTF-8"]]);
  });

  test("has no body for the statuses that have none", async () => {
    for (const status of [204, 205, 304]) expect((await answered(`new Response(null, { status: ${status} })`)).body).toBeNull();
    expect(await guest.run(`return [204, 205, 304].map((status) => { try { new Response("", { status }); return "made" } catch (e) { return e.name } })`)).toEqual(["TypeError", "TypeError", "TypeError"]);
    expect(await guest.run(`return [199, 600, 101, "x"].map((status) => { try { new Response(null, { status }); return "made" } catch (e) { return e.name } })`)).toEqual(["RangeError", "RangeError", "RangeError", "RangeError"]);
  });

  test("carries bytes, text, forms, blobs and streams", async () => {
    expect([...(await answered("new Response(new Uint8Array([0, 255, 128]).subarray(1))")).bytes]).toEqual([255, 128]);
    expect((await answered("new Response(new URLSearchParams({ a: 'b c' }))")).text).toBe("a=b+c");
    const blob = await answered("new Response(new Blob(['a', new Uint8Array([98])], { type: 'x/y' }))");
    expect([blob.text, blob.headers]).toEqual(["ab", [["content-type", "x/y"]]]);
    expect((await answered("new Response('\\ud800!')")).text).toBe("\ufffd!");
    expect((await answered("new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104])); c.enqueue(new Uint8Array([105])); c.close() } }))")).text).toBe("hi");
    expect((await answered("new Response(new Response('passed on').body)")).text).toBe("passed on");
    const json = await answered("Response.json({ a: 1 }, { status: 202 })");
    expect([json.status, json.headers, json.text]).toEqual([202, [["content-type", "application/json"]], '{"a":1}']);
    const redirect = await answered("Response.redirect('http://other.test/ä')");
    expect([redirect.status, redirect.headers]).toEqual([302, [["location", "http://other.test/%C3%A4"]]]);
  });
});

describe("streams over the boundary", () => {
  test("a request body passes through a transform to the response as it comes", async () => {
    using app = await TestIsolate.load(`export default { fetch(request) { return new Response(request.body.pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform(text, c) { c.enqueue(text.toUpperCase()) } })).pipeThrough(new TextEncoderStream())) } }`);
    expect((await app.request({ method: "POST", body: sourceOf(encode("grü"), encode("ße und "), encode("mehr")) })).text).toBe("GRÜSSE UND MEHR");
  });

  test("a writer waits for a slow reader, so that little is held", async () => {
    using app = await TestIsolate.load(
      `export default { fetch() { let n = 0; return new Response(new ReadableStream({ pull(c) { console.log(++n); c.enqueue(new Uint8Array(1000)); if (n === 100) c.close() } })) } }`,
      { limits: { streamBufferBytes: 4000 } },
    );
    const exchange = app.send();
    const body = (await exchange.answer).body as ByteSource;
    await new Promise((later) => setTimeout(later, 5));
    expect(app.logs.length).toBeLessThan(10);
    let bytes = 0;
    for (let chunk = await body.pull(); chunk !== null; chunk = await body.pull()) bytes += chunk.byteLength;
    expect(bytes).toBe(100_000);
    expect((await exchange.over).outcome).toBe("ok");
  });

  test("a reader that leaves cancels the stream of the app", async () => {
    using app = await TestIsolate.load(`export default { fetch() { return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(100)) }, cancel(reason) { console.log("canceled", reason.name) } })) } }`, { limits: { streamBufferBytes: 200 } });
    const exchange = app.send();
    const body = (await exchange.answer).body as ByteSource;
    await body.pull();
    body.cancel();
    await exchange.over;
    expect(app.logs).toEqual([{ level: "log", text: "canceled TypeError" }]);
  });

  test("a stream that fails, or gives what is no bytes, fails for its reader", async () => {
    for (const pull of ["throw new Error('why')", "c.enqueue('text')"]) {
      using app = await TestIsolate.load(`export default { fetch() { return new Response(new ReadableStream({ pull(c) { ${pull} } })) } }`);
      expect((await app.send().answer).text()).rejects.toThrow();
    }
  });
});

describe("fetch()", () => {
  const HEAD: FetchHead = { status: 200, statusText: "OK", url: "http://up.test/x", redirected: false, headers: "content-type\ntext/plain\nSet-Cookie\na=1\nset-cookie\nb=2\n", bodyRid: 0 };
  const egress = (answer: (ctx: OpContext, packed: string, data: unknown) => Promise<FetchHead>, aborted: number[] = []) => ({
    fetch_start: (ctx: OpContext, _id: number, packed: string, data: unknown) => answer(ctx, packed, data),
    fetch_abort: (_ctx: OpContext, id: number) => void aborted.push(id),
  });

  test("sends what the app asked for and gives the response", async () => {
    const sent: unknown[] = [];
    using app = new TestIsolate({
      egress: egress((ctx, packed, data) => {
        sent.push(packed, data);
        return Promise.resolve({ ...HEAD, bodyRid: ctx.invocation.resources.add("source", sourceOf(encode("up"), encode("stream"))) });
      }),
    });
    expect(
      await app.run(`
        const response = await fetch("http://up.test/x#fragment", { method: "post", headers: { "X-A": "b" }, body: "text", redirect: "manual" });
        return [response.status, response.ok, response.url, response.type, response.headers.getSetCookie(), await response.text()];`),
    ).toEqual([200, true, "http://up.test/x", "basic", ["a=1", "b=2"], "upstream"]);
    expect(sent).toEqual(["POST\nhttp://up.test/x\nmanual\nX-A\nb\ncontent-type\ntext/plain;charset=UTF-8\n", "text"]);
    await app.run(`for (const init of [{}, { redirect: "error" }, { mode: "same-origin" }, { mode: "same-origin", redirect: "manual" }]) await fetch("http://up.test/", init); return 0`);
    expect(sent.slice(2).filter((packed) => packed !== null).map((packed) => String(packed).split("\n")[2])).toEqual(["follow", "error", "same-origin", "manual"]);
  });

  test("rejects with a TypeError when there is no answer, and with the reason when it is aborted", async () => {
    const aborted: number[] = [];
    using app = new TestIsolate({ egress: egress((_ctx, packed) => (packed.includes("/never") ? new Promise(() => {}) : Promise.reject(new GuestError("TypeError", "refused"))), aborted) });
    expect(
      await app.run(`
        const name = (promise) => promise.then(() => "answered", (e) => e instanceof Error ? e.name : e);
        const controller = new AbortController();
        const pending = name(fetch("http://up.test/never", { signal: controller.signal }));
        controller.abort("my reason");
        return [await name(fetch("http://up.test/")), await pending, await name(fetch("http://up.test/never", { signal: AbortSignal.abort() })), await name(fetch("http://up.test/never", { signal: AbortSignal.timeout(1) })), await name(fetch("nonsense"))];`),
    ).toEqual(["TypeError", "my reason", "AbortError", "TimeoutError", "TypeError"]);
    expect(aborted.length).toBe(2);
  });

  test("reads data: URLs itself", async () => {
    expect(await guest.run(`const r = await fetch("data:text/plain;charset=utf-8;base64,Z3LDvMOfZQ=="); return [r.headers.get("content-type"), await r.text()]`)).toEqual(["text/plain;charset=utf-8", "grüße"]);
  });
});

test("Headers normalizes, refuses and sorts as the standard says", async () => {
  expect(
    await guest.run(`
      const name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
      const headers = new Headers([["b", " 1\\t"], ["A", "2"], ["b", "3"]]);
      headers.append("set-cookie", "x"); headers.append("Set-Cookie", "y"); headers.set("A", "4"); headers.delete("nope");
      return [[...headers], headers.getSetCookie(), name(() => headers.set("a b", "1")), name(() => headers.set("a", "1\\r\\nx: y")), name(() => headers.set("a", "ü€")), name(() => new Headers([["one"]])), name(() => new Headers("text"))];`),
  ).toEqual([[["a", "4"], ["b", "1, 3"], ["set-cookie", "x"], ["set-cookie", "y"]], ["x", "y"], "TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]);
});

test("going through headers takes fuel by their number, and sees every change", async () => {
  using app = await TestIsolate.load(`
    export default { fetch(request) {
      const headers = new Headers(Array.from({ length: new URL(request.url).pathname.slice(1) }, (_, i) => ["x-" + i, "v"]));
      return new Response(String([...headers].length));
    } }`);
  const fuelFor = async (count: number) => {
    const { text, fuel } = await app.request({ url: `http://app.test/${count}` });
    expect(text).toBe(String(count));
    return fuel;
  };
  expect(await fuelFor(1000)).toBeLessThan((await fuelFor(100)) * 20);
  expect(
    await guest.run(`
      const headers = new Headers([["b", "1"], ["B", "2"]]), seen = [];
      for (const [name, value] of headers) { seen.push(name + "=" + value); if (name === "b") { headers.append("c", "3"); headers.set("d", "4") } if (name === "c") headers.delete("d") }
      return [seen, [...headers.keys()]];`),
  ).toEqual([["b=1, 2", "c=3"], ["b", "c"]]);
});

test("a clone keeps the guard of the headers", async () => {
  expect(
    await guest.run(`
      const change = (headers) => { try { headers.set("a", "b"); return "changed" } catch (e) { return e.name } };
      return [Response.error(), Response.redirect("http://a/"), new Response(), new Request("http://a/")].map((message) => change(message.clone().headers));`),
  ).toEqual(["TypeError", "TypeError", "changed", "changed"]);
  using app = await TestIsolate.load(`
    const change = (headers) => { try { headers.set("a", "b"); return "changed" } catch (e) { return e.name } };
    export default { fetch(request) { const unread = change(request.clone().headers); request.headers.get("host"); return Response.json([unread, change(request.clone().headers)]) } }`);
  expect(JSON.parse((await app.request()).text)).toEqual(["TypeError", "TypeError"]);
});

test("what is read from a body is the reader's own", async () => {
  expect(
    await guest.run(`
      const of = (chunk) => new Response(new ReadableStream({ start(c) { c.enqueue(chunk); c.close() } }));
      const response = new Response(new Uint8Array([1, 2, 3])), copy = response.clone();
      (await response.bytes())[0] = 9;
      const chunk = new Uint8Array(10).subarray(2, 4), blob = await of(chunk).blob(), buffer = await of(chunk).arrayBuffer(), bytes = await of(chunk).bytes();
      chunk[0] = 9;
      const gone = new Uint8Array(1), late = of(gone);
      structuredClone(gone, { transfer: [gone.buffer] });
      return [[...await copy.bytes()], [...await blob.bytes()], [...new Uint8Array(buffer)], [...bytes], await late.text().then(() => "read", (e) => e.name)];`),
  ).toEqual([[1, 2, 3], [0, 0], [0, 0], [0, 0], "TypeError"]);
});

test("URLs with a user name are refused, those that only look so are not", async () => {
  expect(
    await guest.run(`return ["http://u:p@h/", "http://u@h", "http://h/?a=//x@y", "http://h/@", "http://h?@", "http://h#//a@b", "data:,//a@b"].map((url) => { try { return new Request(url).url } catch (e) { return e.name } })`),
  ).toEqual(["TypeError", "TypeError", "http://h/?a=//x@y", "http://h/@", "http://h/?@", "http://h/#//a@b", "data:,//a@b"]);
});

test("data: URLs are decoded byte by byte", async () => {
  expect(
    await guest.run(`
      const read = async (url) => { const r = await fetch(url); return [r.headers.get("content-type"), [...await r.bytes()]] };
      return [await read("data:,a%62%ff%zz%4"), await read("data:;base64,%59%57I%3D"), await read("data:x/y,%25%2561"), await fetch("data:;base64,a").catch((e) => e.name), (await fetch("data:,a", { method: "HEAD" })).body];`),
  ).toEqual([
    ["text/plain;charset=US-ASCII", [97, 98, 255, 37, 122, 122, 37, 52]],
    ["text/plain;charset=US-ASCII", [97, 98]],
    ["x/y", [37, 37, 54, 49]],
    "TypeError",
    null,
  ]);
});

describe("MIME types", () => {
  test("are put together from several fields, and decide how a form is read", async () => {
    expect(
      await guest.run(`
        const typeOf = async (...values) => (await new Response("", { headers: values.map((value) => ["content-type", value]) }).blob()).type;
        const form = (type, body = "a=1") => new Response(body, { headers: { "content-type": type } }).formData().then((f) => f.get("a"), (e) => e.name);
        return [
          await typeOf("Text/HTML;Charset=UTF-8"), await typeOf("text/html;charset=gbk", "text/html;x=1"), await typeOf("text/plain;charset=gbk", "text/html"), await typeOf('text/html;a="x, text/plain"'), await typeOf("text/html", "*/*"), await typeOf("nonsense"),
          await form("application/x-www-form-urlencoded ; charset=utf-8"), await form("application/x-www-form-urlencodedx"), await form("multipart/form-data; x=y; boundary=" + "b".repeat(71)),
          await form('Multipart/Form-Data; boundary="a b"', '--a b\\r\\nContent-Disposition: form-data; name="a"\\r\\n\\r\\n2\\r\\n--a b--'),
        ];`),
    ).toEqual(["text/html;charset=UTF-8", "text/html;x=1;charset=gbk", "text/html", 'text/html;a="x, text/plain"', "text/html", "", "1", "TypeError", "TypeError", "2"]);
  });
});

test("a request made of another one has a stream of its own, and the other is spent", async () => {
  expect(
    await guest.run(`
      const first = new Request("http://a/", { method: "POST", body: "text" }), stream = first.body, second = new Request(first);
      return [first.bodyUsed, stream.locked, second.body === stream, second.bodyUsed, await second.text()];`),
  ).toEqual([true, true, false, false, "text"]);
});

test("a referrer that the app names is sent as its policy says, without user, password and fragment", async () => {
  const sent: string[] = [];
  const answer: FetchHead = { status: 204, statusText: "", url: "", redirected: false, headers: "", bodyRid: 0 };
  using app = new TestIsolate({
    egress: {
      fetch_start: (_ctx: OpContext, _id: number, packed: string) => {
        sent.push(/^referer\n(.*)$/im.exec(packed)?.[1] ?? "none");
        return Promise.resolve(answer);
      },
      fetch_abort: () => {},
    },
  });
  await app.run(`
    const page = "https://u:p@a.test/page?q#f";
    for (const url of ["https://a.test/x", "https://b.test/x", "http://a.test/x"])
      for (const referrerPolicy of ["", "no-referrer", "unsafe-url", "origin", "same-origin", "strict-origin", "origin-when-cross-origin", "no-referrer-when-downgrade", "strict-origin-when-cross-origin"]) await fetch(url, { referrer: page, referrerPolicy });
    for (const init of [{}, { referrer: "" }, { referrer: "about:client" }, { referrer: "data:,x" }, { referrer: page, headers: { Referer: "mine" } }, { referrer: "https://a.test/" + "x".repeat(5000), referrerPolicy: "unsafe-url" }, { referrer: page, mode: "no-cors" }]) await fetch("https://a.test/", init);
    return 0;`);
  const [whole, origin] = ["https://a.test/page?q", "https://a.test/"];
  expect(sent.slice(0, 9)).toEqual([whole, "none", whole, origin, whole, origin, whole, whole, whole]);
  expect(sent.slice(9, 18)).toEqual([origin, "none", whole, origin, "none", origin, origin, whole, origin]);
  expect(sent.slice(18, 27)).toEqual(["none", "none", whole, origin, "none", "none", origin, "none", "none"]);
  expect(sent.slice(27)).toEqual(["none", "none", "none", "none", "mine", origin, whole]);
});
