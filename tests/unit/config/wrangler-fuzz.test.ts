/** Whatever stands in a wrangler file: it is read, or an OperatorError with a text says why not. Nothing else is ever thrown. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { configOfDocument } from "../../../src/config/parse.ts";
import { wranglerKeys } from "../../../src/config/wrangler/keys.ts";
import { readWrangler } from "../../../src/config/wrangler/wrangler.ts";
import { OperatorError } from "../../../src/errors.ts";

const TOML = `name = "shop" # a comment
main = "src/index.ts"
compatibility_flags = ["nodejs_compat"]
routes = ["example.com/*", { pattern = "*.example.org/*", zone_name = "example.org" }]
vars = { SECRET = "CANARY-0123456789", "odd-name" = 1.5, DATE = 1979-05-27T07:32:00Z }
[[rules]]
type = "Text"
globs = ["**/*.md"]
[triggers]
crons = ["*/5 * * * *"]
[[kv_namespaces]]
binding = "KV"
[assets]
directory = "./public"
[env.staging]
vars.A.b = """
text"""
[env.staging.limits]
cpu_ms = 0x32
`;

/** Returns the error's text, or null when the file was taken. */
function outcome(text: string, name = "wrangler.toml", environment: string | null = null, use: "dev" | "check" | "serve" = "dev"): string | null {
  try {
    const read = readWrangler(text, `/srv/${name}`, name, { environment, use });
    configOfDocument(read.document, `/srv/${name}`, "/srv", {}, read.problems);
    return null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    expect(error.message).toStartWith(name);
    expect(error.message).not.toContain("CANARY");
    return error.message;
  }
}

test("the sample is taken, and cut off at every offset it is taken or refused", () => {
  expect([outcome(TOML), outcome(TOML, "wrangler.toml", "staging")]).toEqual([null, null]);
  for (let end = 0; end < TOML.length; end++) outcome(TOML.slice(0, end));
});

test("any character may be taken out or put in", () => {
  fc.assert(
    fc.property(fc.nat(TOML.length - 1), fc.constantFrom("", ...'{}[]"\'=,.#\\\n\r\t 0-e\u0000\u2028\ud800'), fc.nat(3), (at, inserted, removed) => {
      outcome(TOML.slice(0, at) + inserted + TOML.slice(at + removed), "wrangler.toml", at % 2 === 0 ? "staging" : null);
    }),
    { numRuns: 1_500, seed: 2 },
  );
});

test("any text may stand there", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void outcome(text)), { numRuns: 1_000, seed: 3 });
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]"=.,#\\ \na1-'), maxLength: 60 }), (text) => void outcome(text)), { numRuns: 1_500, seed: 4 });
});

test("any value may stand under any key, at the top level and in environments", () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.dictionary(fc.constantFrom("bindings", "required", "crons", "cpu_ms", "directory", "pattern", "binding", "name", "type", "globs", "port", "ip", "command", "from_env", "__proto__"), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }));
  const keys = fc.dictionary(fc.constantFrom(...Object.keys(wranglerKeys)), value, { maxKeys: 6 });
  fc.assert(
    fc.property(keys, keys, fc.constantFrom("dev", "check", "serve"), (top, own, use) => {
      outcome(JSON.stringify({ main: "a.ts", ...top }), "wrangler.json", null, use);
      outcome(JSON.stringify({ main: "a.ts", ...top, env: { own } }), "wrangler.json", "own", use);
    }),
    { numRuns: 2_000, seed: 5 },
  );
});
