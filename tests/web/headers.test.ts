/** Who may change which headers. */
import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("fields are added, replaced and removed by name in any case, and cookies stay apart", async () => {
  expect(
    await guest.run(`
      const headers = new Headers({ A: "1" });
      headers.append("a", "2"); headers.append("Set-Cookie", "x=1, 2"); headers.append("set-cookie", "y=3");
      const before = [headers.get("A"), headers.getSetCookie(), headers.get("set-cookie")];
      headers.delete("a"); headers.set("SET-COOKIE", "z");
      return [...before, headers.has("A"), headers.getSetCookie()];`),
  ).toEqual(["1, 2", ["x=1, 2", "y=3"], "x=1, 2, y=3", false, ["z"]]);
});

test("a request without CORS carries what such a request may carry, silently", async () => {
  expect(
    await guest.run(`
      const { headers } = new Request("http://a/", { method: "POST", mode: "no-cors", headers: { Accept: "a/b", "X-Secret": "1", Range: "bytes=0-1", "Content-Type": "text/plain;charset=utf-8", "Accept-Language": "de" } });
      const first = [...headers];
      headers.append("accept", "c/d"); headers.append("Accept", "e".repeat(120)); headers.set("content-type", "application/json"); headers.set("accept-language", 'de"'); headers.set("authorization", "x"); headers.delete("accept-language"); headers.delete("x");
      return [first, [...headers]];`),
  ).toEqual([
    [["accept", "a/b"], ["accept-language", "de"], ["content-type", "text/plain;charset=utf-8"]],
    [["accept", "a/b, c/d"], ["content-type", "text/plain;charset=utf-8"]],
  ]);
});

test("the mode decides about the type of a body and about another request's headers", async () => {
  expect(
    await guest.run(`
      const post = (body, init) => [...new Request("http://a/", { method: "POST", mode: "no-cors", body, ...init }).headers];
      const first = new Request("http://a/", { headers: { "x-a": "1", accept: "b/c" } });
      return [post("text"), post(new Blob(["{}"], { type: "application/json" })), [...new Request(first, { mode: "no-cors" }).headers], [...new Request(first, {}).headers], [...new Request(new Request(first, { mode: "no-cors" })).headers], [...first.clone().headers]];`),
  ).toEqual([
    [["content-type", "text/plain;charset=UTF-8"]],
    [],
    [["accept", "b/c"]],
    [["accept", "b/c"], ["x-a", "1"]],
    [["accept", "b/c"]],
    [["accept", "b/c"], ["x-a", "1"]],
  ]);
});

test("control characters other than NUL and line breaks are part of a value", async () => {
  expect(await guest.run(`return [new Headers({ a: "\\x01b\\x1f\\x7f" }).get("a").length, ["\\0", "a\\nb", "a\\rb"].map((value) => { try { new Headers({ a: value }); return "taken" } catch (e) { return e.name } })]`)).toEqual([4, ["TypeError", "TypeError", "TypeError"]]);
});
