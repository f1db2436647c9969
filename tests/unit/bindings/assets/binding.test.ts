/** `env.ASSETS` as an app's code meets it, in a real isolate. */
import { describe, expect, test } from "bun:test";
import type { AssetRequest } from "../../../../src/bindings/assets/host/assets.ts";
import type { ResponseWire } from "../../../../src/base/wire.ts";
import { sourceOf, TestIsolate } from "../../../harness/isolate.ts";

const asked: AssetRequest[] = [];
const assets = {
  fetch: async (request: AssetRequest): Promise<ResponseWire> => {
    asked.push(request);
    const isLarge = request.url.endsWith("/large");
    return { status: 200, statusText: "", headers: 'content-type\ntext/plain\netag\n"t"\n', body: isLarge ? sourceOf(new Uint8Array(70_000), new Uint8Array(5)) : "small" };
  },
};

const app = (body: string) => TestIsolate.load(`export default { async fetch(request, env) { ${body} } }`, { assets });

describe("env.ASSETS", () => {
  test("answers a request, and the answer can be passed on or changed", async () => {
    using isolate = await app(`const response = await env.ASSETS.fetch(request); return new Response(response.body, { headers: { "x-etag": response.headers.get("etag") } });`);
    const { answer, text } = await isolate.request({ url: "http://app.test/a.txt", headers: [["accept", "*/*"]] });
    expect([text, answer.headers.find(([name]) => name === "x-etag")?.[1]]).toEqual(["small", '"t"']);
    expect(asked.at(-1)).toEqual({ method: "GET", url: "http://app.test/a.txt", headers: "accept\n*/*\n" });
  });

  test("takes a URL and an init, and gives large files as streams", async () => {
    using isolate = await app(`const bytes = await (await env.ASSETS.fetch(new URL("/large", request.url), { headers: { range: "bytes=0-" } })).arrayBuffer(); return new Response(String(bytes.byteLength));`);
    expect((await isolate.request()).text).toBe("70005");
    expect(asked.at(-1)?.headers).toBe("range\nbytes=0-\n");
  });

  test("rejects what is no request, and cannot be changed or borrowed", async () => {
    using isolate = await app(`
      const told = [];
      for (const call of [() => env.ASSETS.fetch(), () => env.ASSETS.fetch("/relative"), () => env.ASSETS.fetch.call({}, request), () => { env.ASSETS = 1; }, () => { new env.ASSETS.constructor(); }])
        try { await call(); told.push("no error"); } catch (error) { told.push(error.name); }
      return new Response(told.join() + Object.prototype.toString.call(env.ASSETS));`);
    expect((await isolate.request()).text).toBe("TypeError,TypeError,TypeError,TypeError,TypeError[object Fetcher]");
  });

  test("works in an app that has replaced every built-in it can reach", async () => {
    using isolate = await app(`
      for (const name of ["then", "catch"]) Promise.prototype[name] = () => { throw new Error("patched"); };
      Array.prototype[Symbol.iterator] = String.prototype.split = Object.defineProperty = () => { throw new Error("patched"); };
      const response = await env.ASSETS.fetch(request); return new Response(await response.text());`);
    expect((await isolate.request()).text).toBe("small");
  });

  test("is not there for an app without files", async () => {
    using isolate = await TestIsolate.load("export default { fetch: (request, env) => new Response(String(env.ASSETS)) }");
    expect((await isolate.request()).text).toBe("undefined");
  });
});
