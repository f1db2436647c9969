/** `_redirects` and `_headers`: what they say, and what is told of lines that say nothing. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { headersFor, parseHeaders, parseRedirects } from "../../../../src/bindings/assets/host/asset-rules.ts";

const led = (text: string, path: string, query = "") => {
  const found = parseRedirects(text).redirects.find(path, query);
  return found === null ? null : `${found.status} ${found.location}`;
};
const faults = (parsed: { readonly faults: readonly { readonly line: number; readonly message: string }[] }) => parsed.faults.map(({ line, message }) => `${line}: ${message}`);

describe("_redirects", () => {
  test("the first line for a path leads on, with 302 unless it says otherwise", () => {
    const text = "# moved\n/old /new\n/old /never 301\n\n/gone https://other.test/here 301\n";
    expect([led(text, "/old"), led(text, "/gone"), led(text, "/new")]).toEqual(["302 /new", "301 https://other.test/here", null]);
  });

  test("names stand for segments, * for the rest, and both are encoded again", () => {
    const text = "/blog/* /news/:splat 308\n/u/:user/:page https://:user.test:8080/p?is=:page\n/img* /pictures:splat";
    expect([led(text, "/blog/a/b c"), led(text, "/blog/"), led(text, "/u/ada/1 2"), led(text, "/imgs/x.png"), led(text, "/u/ada")]).toEqual(["308 /news/a/b%20c", "308 /news/", "302 https://ada.test:8080/p?is=1%202", "302 /picturess/x.png", null]);
  });

  test("a query goes along unless the target has one", () => expect([led("/a /b#c", "/a", "?x=1"), led("/a /b?y=2", "/a", "?x=1")]).toEqual(["302 /b?x=1#c", "302 /b?y=2"]));

  test("what is not understood is told with its line, and the rest holds", () => {
    const parsed = parseRedirects("/a\nb /c\n/d /e 200\n/f /g 404\n/h javascript:x\n/i //evil.test\n/*.jpg /k\n/l /m 301 extra\n/n /o\n/%zz /p");
    expect(faults(parsed)).toEqual([
      "1: a line has a path, where it leads, and a status: /old /new 301",
      "2: b is no path that begins with /, with * at the end and :name for whole segments",
      "3: a rewrite (200) is not followed: not_found_handling serves single-page applications",
      "4: 404 is no status of a redirect: 301, 302, 303, 307 or 308",
      "5: javascript:x is no path and no http or https URL",
      "6: //evil.test is no path and no http or https URL",
      "7: /*.jpg is no path that begins with /, with * at the end and :name for whole segments",
      "8: a line has a path, where it leads, and a status: /old /new 301",
      "10: /%zz is no path that begins with /, with * at the end and :name for whole segments",
    ]);
    expect(parsed.redirects.size).toBe(1);
  });

  test("the first line holds, whether it is of one path or a pattern", () => {
    expect([led("/a/* /one\n/a/b /two", "/a/b"), led("/a/b /two\n/a/* /one", "/a/b"), led("/a/b /two\n/a/b /three\n/a/* /one", "/a/c")]).toEqual(["302 /one", "302 /two", "302 /one"]);
  });

  test("more than 100 patterns are told and left out", () => {
    const parsed = parseRedirects(Array.from({ length: 102 }, (_, i) => `/${i}/* /x`).join("\n"));
    expect([parsed.redirects.size, parsed.faults.length, parsed.faults[0]?.message]).toEqual([100, 2, "there are more than 100 redirects with * or :name"]);
  });

  test("more than 2,000 are told and left out", () => {
    const parsed = parseRedirects(Array.from({ length: 2_003 }, (_, i) => `/${i} /x`).join("\n"));
    expect([parsed.redirects.size, parsed.faults.length, parsed.faults[0]?.message]).toEqual([2_000, 3, "there are more than 2000 redirects"]);
  });
});

describe("_headers", () => {
  const text = "/*\n  X-Frame-Options: DENY\n  Link: </a>\n/assets/*\n  Cache-Control: public, max-age=31556952, immutable\n  Link: </b>\n  ! X-Frame-Options\n/u/:name\n  X-User: :name\n";
  const changed = (path: string, block = "etag\n1\ncache-control\nno-cache\n") => headersFor(parseHeaders(text).rules, path, block);

  test("a rule takes the place of nano's own field, and rules add to each other", () => {
    expect(changed("/x")).toBe("etag\n1\ncache-control\nno-cache\nx-frame-options\nDENY\nlink\n</a>\n");
    expect(changed("/assets/a.js")).toBe("etag\n1\ncache-control\npublic, max-age=31556952, immutable\nlink\n</a>\nlink\n</b>\n");
  });

  test("values may have names of the path, which cannot break out of them", () => expect(changed("/u/a b\r\nx-evil: 1")).toContain("x-user\na%20b%0D%0Ax-evil%3A%201\n"));

  test("what frames a message is not theirs, and what is not understood is told with its line", () => {
    expect(faults(parseHeaders("  X-Early: 1\nhttps://a.test/*\n  X-A: 1\n/ok\n  Content-Length: 1\n  X B: 1\n  novalue\n  X-C: é\n  X-Nano-Error: 1\n  X-D: fine"))).toEqual([
      "2: https://a.test/* is no path that begins with /, with * at the end and :name for whole segments",
      "5: Content-Length is for nano to set",
      "6: a header is a name and a value: Name: value",
      "7: a header is a name and a value: Name: value",
      "8: a header is a name and a value: Name: value",
      "9: X-Nano-Error is for nano to set",
    ]);
  });
});

test("no file and no path make either of them throw, or add a line to a head", () => {
  const line = fc.stringMatching(/^[ /:*!#\w?%.-]{0,30}$/);
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.string()), (lines, segments) => {
      const path = `/${segments.join("/")}`;
      const text = lines.join("\n");
      const redirect = parseRedirects(text).redirects.find(path, "");
      expect(redirect?.location ?? "").not.toMatch(/[\r\n]/);
      for (const part of headersFor(parseHeaders(text).rules, path, "").split("\n")) expect(part).not.toMatch(/\r/);
    }),
    { numRuns: 300 },
  );
});
