import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseHostName, parseHostPattern } from "../../../src/base/host-name.ts";

describe("a Host header", () => {
  test.each([
    ["App.TEST.:80", "app.test", 80],
    ["app.test:", "app.test", null],
    ["localhost", "localhost", null],
    ["127.0.0.1:3000", "127.0.0.1", 3000],
    ["[2001:DB8:0:0::1]:443", "[2001:db8::1]", 443],
    ["[::1]", "[::1]", null],
    ["xn--bcher-kva.test", "xn--bcher-kva.test", null],
  ])("%p names %p", (value, host, port) => {
    expect(parseHostName(value)).toEqual({ host, port });
  });

  test.each(["", ".", "a..b", "u@a", "a/b", "a b", "a,b", "a, a", "a#", "a?", "a%41", "_x.test", "-a", "a-", "é", "a:0", "a:65536", "a:1:2", "a:x", "[::1", "[::1]x", "[fe80::1%eth0]", "[1.2.3.4]", "0x7f.1", "1.2.3", "256.1.1.1", "1.2.3.4.5", "a.0x1", "01.2.3.4", `${"a".repeat(64)}.test`, `${"a.".repeat(126)}ab`])(
    "%p is refused",
    (value) => {
      expect(parseHostName(value)).toBeNull();
    },
  );

  test("names the same host as the URL parser, or none", () => {
    const alphabet = fc.constantFrom(..."aZ09-._:@/[]%x#? \té,1");
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 20 }), (value) => {
        const parsed = parseHostName(value);
        if (parsed === null) return;
        const url = new URL(`http://${value}/`);
        expect(url.hostname.replace(/\.$/, "")).toBe(parsed.host);
        expect(url.port === "" ? 80 : Number(url.port)).toBe(parsed.port ?? 80);
        expect(parseHostName(parsed.host)).toEqual({ host: parsed.host, port: null });
      }),
      { numRuns: 5000 },
    );
  });
});

describe("a configured hostname", () => {
  test("may be a wildcard below a name, and nothing else", () => {
    expect(parseHostPattern("*.Example.com")).toBe("*.example.com");
    for (const wrong of ["*", "*.", "a.*.test", "*.1.2.3.4", "*.[::1]", "app.test:80"]) expect(parseHostPattern(wrong)).toBeNull();
  });
});
