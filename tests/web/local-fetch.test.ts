/** What fetch() answers out of the isolate itself, and what it makes of integrity metadata. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { sourceOf, TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
const OUTCOME = `const outcome = (promise) => promise.then((r) => r.text(), (e) => e.name);`;

describe("a blob: URL", () => {
  test("leads to the blob's bytes, type and size, with any fragment", async () => {
    expect(
      await guest.run(`
        const url = URL.createObjectURL(new Blob(["grüße"], { type: "text/plain" }));
        const response = await fetch(url + "#part");
        return [url.startsWith("blob:null/"), new URL(url).protocol, response.status, response.type, response.url === url + "#part", [...response.headers], await response.text()];`),
    ).toEqual([true, "blob:", 200, "basic", true, [["content-length", "7"], ["content-type", "text/plain"]], "grüße"]);
  });

  test("is gone when it is revoked, but not for requests that were made before", async () => {
    expect(
      await guest.run(`${OUTCOME}
        const url = URL.createObjectURL(new Blob(["x"])), kept = URL.createObjectURL(new Blob(["y"])), early = new Request(url), copy = early.clone(), started = outcome(fetch(url));
        URL.revokeObjectURL(url); URL.revokeObjectURL(kept + "#part"); URL.revokeObjectURL("nonsense");
        return [await started, await outcome(fetch(early)), await outcome(fetch(copy)), await outcome(fetch(url)), await outcome(fetch(kept))];`),
    ).toEqual(["x", "x", "x", "TypeError", "y"]);
  });

  test("can only be got, exactly as it is", async () => {
    expect(
      await guest.run(`${OUTCOME}
        const url = URL.createObjectURL(new Blob(["x"])), name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
        return [await Promise.all(["HEAD", "POST", "PUT"].map((method) => outcome(fetch(url, { method })))), await outcome(fetch(url + "?q")), await outcome(fetch(url + "/p")), await outcome(fetch("blob:http://a/b")), name(() => URL.createObjectURL("text")), URL.createObjectURL(new Blob()) !== URL.createObjectURL(new Blob())];`),
    ).toEqual([["TypeError", "TypeError", "TypeError"], "TypeError", "TypeError", "TypeError", "TypeError", true]);
  });

  test("means nothing to another isolate of the app", async () => {
    using app = await TestIsolate.load(`
      const outcome = (promise) => promise.then((r) => r.text(), (e) => e.name);
      let url;
      export default { async fetch(request) { return new Response(request.method === "POST" ? (url = URL.createObjectURL(new Blob(["secret"]))) : await outcome(fetch(request.headers.get("url")))) } }`);
    const { text } = await app.request({ method: "POST" });
    expect((await app.request({ headers: [["url", text]] })).text).toBe("secret");
    using other = await TestIsolate.load(`export default { async fetch(request) { return new Response(await fetch(request.headers.get("url")).then((r) => r.text(), (e) => e.name)) } }`);
    expect((await other.request({ headers: [["url", text]] })).text).toBe("TypeError");
  });
});

describe("integrity", () => {
  const digest = (bits: number, text: string, encoding: "base64" | "base64url" = "base64") => `sha${bits}-${createHash(`sha${bits}`).update(text).digest(encoding)}`;
  const answers = {
    fetch_start: (ctx: any) => Promise.resolve({ status: 200, statusText: "OK", url: "http://up.test/", redirected: false, headers: "", bodyRid: ctx.invocation.resources.add("source", sourceOf(new TextEncoder().encode("up"), new TextEncoder().encode("stream"))) }),
    fetch_abort: () => {},
  };

  test("lets through the body that it describes and no other", async () => {
    using app = new TestIsolate({ egress: answers });
    const results = async (...all: string[]) => await app.run(`${OUTCOME} return await Promise.all(${JSON.stringify(all)}.map((integrity) => outcome(fetch("http://up.test/", { integrity }))))`);
    expect(await results("", digest(256, "upstream"), digest(384, "upstream"), digest(512, "upstream"), digest(256, "upstream", "base64url"), `${digest(256, "upstream")}?opt`, "md5-x", " ")).toEqual(Array(8).fill("upstream"));
    expect(await results(digest(256, "other"), digest(512, "upstrea"), `${digest(256, "upstream")} ${digest(512, "other")}`, "sha256-=")).toEqual(["TypeError", "TypeError", "TypeError", "upstream"]);
    expect(await results(`${digest(256, "other")} ${digest(512, "upstream")}`, `${digest(512, "other")}  ${digest(512, "upstream")}`)).toEqual(["upstream", "upstream"]);
  });

  test("holds for data: and blob: URLs, and for what has no body", async () => {
    expect(
      await guest.run(`${OUTCOME}
        const url = URL.createObjectURL(new Blob(["x"])), good = ${JSON.stringify(digest(256, "x"))}, bad = ${JSON.stringify(digest(256, "y"))};
        return [await outcome(fetch(url, { integrity: good })), await outcome(fetch(url, { integrity: bad })), await outcome(fetch("data:,x", { integrity: good })), await outcome(fetch("data:,x", { integrity: bad })), await outcome(fetch("data:,x", { integrity: good, method: "HEAD" }))];`),
    ).toEqual(["x", "TypeError", "x", "TypeError", "TypeError"]);
  });
});

test("only-if-cached fails, because nothing is cached", async () => {
  expect(await guest.run(`${OUTCOME} return [await outcome(fetch("data:,x", { cache: "only-if-cached", mode: "same-origin" })), await outcome(fetch("data:,x", { cache: "no-store" }))]`)).toEqual(["TypeError", "x"]);
});

test("an app that patches every built-in breaks itself, not what reads its blobs and bodies", async () => {
  using poisoned = new TestIsolate();
  expect(
    await poisoned.run(`
      const keep = { Promise, URL, FileReader, Request, Response, ReadableStream, fetch }, blob = new Blob(["x"], { type: "text/plain" }), bytes = new Uint8Array([121]), { stringify } = JSON, poison = () => { throw new Error("patched") };
      const owners = [Array.prototype, String.prototype, RegExp.prototype, Map.prototype, Set.prototype, WeakMap.prototype, Promise.prototype, Object.getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype, Number.prototype, Object, Reflect, JSON, Math, Function.prototype,
        Blob.prototype, keep.URL, EventTarget.prototype, Event.prototype, Headers.prototype, ReadableStream.prototype, ReadableStreamDefaultReader.prototype, URL.prototype];
      const targets = owners.flatMap((owner) => Reflect.ownKeys(owner).map((key) => ({ owner, key, d: Object.getOwnPropertyDescriptor(owner, key) })))
        .filter(({ owner, key, d }) => key !== "constructor" && d.configurable && typeof (d.value ?? d.get) === "function" && !(owner === Promise.prototype && key === "then"));
      const createObjectURL = keep.URL.createObjectURL, define = Object.defineProperty;
      for (let i = 0; i < targets.length; i++) { const { owner, key } = targets[i]; define(owner, key, { value: poison }); }
      const url = createObjectURL(blob);
      const viaUrl = await (await keep.fetch(url, { integrity: ${JSON.stringify(`sha256-${createHash("sha256").update("x").digest("base64")}`)} })).text();
      const reader = new keep.FileReader(), read = new keep.Promise((resolve) => { reader.onloadend = () => resolve(reader.result) });
      reader.readAsDataURL(blob);
      const form = await new keep.Response("a=1", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData();
      const streamed = await new keep.Response(new keep.ReadableStream({ pull(c) { c.enqueue(bytes); c.close() } })).text();
      const result = viaUrl + " " + await read + " " + form.get("a") + " " + streamed + " " + new keep.Request("http://a/", { mode: "no-cors", headers: { accept: "b" } }).mode;
      JSON.stringify = stringify; return result;`),
  ).toBe("x data:text/plain;base64,eA== 1 y no-cors");
});
