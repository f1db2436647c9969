import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("a plain URL gives the same parts whether the guest or the host parses it", async () => {
  const inputs = ["http://a.example", "https://a.example:8443/p/q%20r?x=%zz&y='#f", "http://a.example?x", "http://a.example#", "https://a-b.c/a//b/.hidden", "http://a.example/%2E%2e/b", "http://1.2.3", "http://a.1", "http://a..b/", "http://xn--a/", "http://a.example:80/", "http://a.example:65536/", "http://a.example/x?", "http://a_b/", "http://a.example/a/../b", "http://A.example/"];
  const seen = await guest.run(`return ${JSON.stringify(inputs)}.map((input) => { const url = URL.parse(input); return url && [url.href, url.host, url.pathname, url.search, url.hash] });`);
  expect(seen).toEqual(inputs.map((input) => {
    const url = URL.parse(input);
    return url && [url.href, url.host, url.pathname, url.search, url.hash];
  }));
});

test("a path on a plain base gives what the host gives", async () => {
  const inputs = ["/", "/a?b#c", "//other/x", "/..", "/a/./b", "/.a", "/a'b", "/a b", "x", "?q", "/%2e", "/a\\b", "/\ta"];
  expect(await guest.run(`return ${JSON.stringify(inputs)}.map((input) => new URL(input, "https://a.example:8443/x/y?z#w").href);`)).toEqual(inputs.map((input) => new URL(input, "https://a.example:8443/x/y?z#w").href));
});

test("searchParams and the URL follow each other", async () => {
  expect(
    await guest.run(`
      const url = new URL("https://a.example/?a=1&b=2#h"), { searchParams } = url, seen = [];
      searchParams.append("c", "x y&é"); seen.push(url.href);
      url.search = "?z=9"; seen.push([...searchParams], searchParams === url.searchParams);
      searchParams.delete("z"); seen.push(url.href);
      url.href = "http://b.example/?k"; seen.push(searchParams.has("k"), searchParams.get("k"));
      return seen;`),
  ).toEqual(["https://a.example/?a=1&b=2&c=x+y%26%C3%A9#h", [["z", "9"]], true, "https://a.example/#h", true, ""]);
});

test("URLSearchParams takes text, pairs and records, and sorts by code unit", async () => {
  expect(
    await guest.run(`
      const errors = [];
      for (const bad of [[["a"]], [1], [["a", "b", "c"]]]) try { new URLSearchParams(bad); errors.push("none") } catch (e) { errors.push(e.name) }
      const sorted = new URLSearchParams("\\ufffd=1&\\ud83c\\udf08=2&a=3&a=1"); sorted.sort();
      const set = new URLSearchParams("a=1&b=2&a=3"); set.set("a", "9"); set.delete("b", "no"); 
      return [String(new URLSearchParams("?a=b&&c")), String(new URLSearchParams([["a", 1], new Set(["x", "y"])])), String(new URLSearchParams({ b: null, "é": "~!*()'" })), String(new URLSearchParams(null)), String(sorted), String(set), set.size, set.has("a", "9"), set.getAll("b"), new URLSearchParams("x=%41%zz+%C3").get("x"), errors];`),
  ).toEqual(["a=b&c=", "a=1&x=y", "b=null&%C3%A9=%7E%21*%28%29%27", "null=", "a=3&a=1&%F0%9F%8C%88=2&%EF%BF%BD=1", "a=9&b=2", 2, true, ["2"], "A%zz �", ["TypeError", "TypeError", "TypeError"]]);
});
