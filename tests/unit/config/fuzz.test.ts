/** Whatever stands in the file: it is parsed, or an OperatorError with a text says why not. Nothing else is ever thrown. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { OperatorError } from "../../../src/errors.ts";
import { appLimitNames, parse } from "./fixture.ts";

const SAMPLE = `{
  // a sample with everything in it
  "$schema": "./nano.schema.json", "port": 3000, "host": "127.0.0.1", "log": { "format": "json", "level": "info" },
  "trusted_proxies": ["10.0.0.0/8"], "drain_ms": 30000, "limits": { "url_kb": 8 },
  "defaults": { "timeout_ms": 50, "limits": { "wall_ms": 2000 } },
  "apps": [
    { "name": "evil", "hostname": "evil.test", "path": "./evil.js", "env": { "SECRET": "CANARY-evil-0123456789abcdef" }, "memory_mb": 64 },
    { "hostnames": ["good.test", "*.good.test", "[::1]"], "path": "./good", "default": true, "egress": { "allow": ["db.test:80"] }, "env": { "LIST": [1, true, null, "é\\u00e9😀"] } }
  ]
}`;

/** Returns the error's text, or null when the config was taken. */
function outcome(text: string): string | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    expect(error.message).toStartWith("nano.json");
    return error.message;
  }
}

describe("the config parser", () => {
  test("takes the sample", () => {
    expect(outcome(SAMPLE)).toBeNull();
  });

  test("refuses the sample cut off at every offset, with a line and without the secret", () => {
    for (let end = 0; end < SAMPLE.length; end++) {
      const text = outcome(SAMPLE.slice(0, end));
      expect(text).toMatch(/^nano\.json(:\d+:\d+)?: /);
      expect(text).not.toContain("CANARY");
    }
  });

  test("survives the sample with any character taken out or put in", () => {
    fc.assert(
      fc.property(fc.nat(SAMPLE.length - 1), fc.constantFrom("", ...'{}[]",:\\/*\n\r\t 0-e\u0000\u2028\ud800'), fc.nat(3), (at, inserted, removed) => {
        outcome(SAMPLE.slice(0, at) + inserted + SAMPLE.slice(at + removed));
      }),
      { numRuns: 1_500, seed: 2 },
    );
  });

  test("survives any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void outcome(text)), { numRuns: 1_500, seed: 3 });
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:/*\\ \na1'), maxLength: 60 }), (text) => void outcome(text)), { numRuns: 1_500, seed: 4 });
  });

  test("survives any JSON", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => void outcome(text)), { numRuns: 1_000, seed: 5 });
  });

  test("survives any value at any key", () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("a.test", "10.0.0.0/8", 1, 64, true), fc.dictionary(fc.constantFrom("allow", "format", "level", "A", "__proto__", ...appLimitNames), fc.jsonValue({ maxDepth: 1 })));
    const holder = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 6 });
    const app = holder(["name", "hostname", "hostnames", "path", "default", "env", "timeout_ms", "memory_mb", "max_buffer_size_mb", "limits", "fallback", "egress", "watch", "__proto__", "constructor"]);
    const config = fc.record({ top: holder(["port", "host", "log", "trusted_proxies", "drain_ms", "limits", "defaults", "toString"]), apps: fc.array(app, { maxLength: 4 }) });
    fc.assert(fc.property(config, ({ top, apps }) => void outcome(JSON.stringify({ ...top, apps }))), { numRuns: 1_500, seed: 6 });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test.each([["[", "]"], ['{"a":', "}"], ['{"apps":[{"env":{"A":', "}}]}"]])("refuses %s nested a hundred thousand times", (open, close) => {
    expect(outcome(open.repeat(100_000) + close.repeat(100_000))).toContain("nested deeper than 64 levels");
  });

  test("reads a megabyte of faults in one line to its end", () => {
    const text = `{ "apps": [${Array.from({ length: 20_000 }, (_, i) => `{ "path": "a", "nmae": "x${i}" }`).join(",")}] }`;
    expect(outcome(text)).toContain("… and 39980 more");
  });
});
