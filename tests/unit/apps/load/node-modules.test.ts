/** Which node: modules an app can import, what it is told of the others, and what becomes of its stacks. */
import { describe, expect, test } from "bun:test";
import { LoadError } from "../../../../src/apps/load/load-error.ts";
import { mapStack } from "../../../../src/apps/load/map-stack.ts";
import { bundleOf, nodeModules } from "../../../harness/node-app.ts";
import { TestIsolate } from "../../../harness/isolate.ts";

const answer = (code: string) => `export default { fetch() { return Response.json(${code}); } };`;

async function run(files: Readonly<Record<string, string>>): Promise<any> {
  const { code, doorName } = await bundleOf(files);
  using app = await TestIsolate.load(code, {}, doorName);
  return JSON.parse((await app.request()).text);
}

async function failure(files: Readonly<Record<string, string>>): Promise<string> {
  try {
    await bundleOf(files);
  } catch (error) {
    if (error instanceof LoadError) return error.message;
    throw error;
  }
  throw new Error("the app loaded");
}

describe("imports of Node's modules", () => {
  test("work with the prefix and without, and mean one module", async () => {
    expect(await run({ "index.js": `import a from "node:events"; import b, { EventEmitter } from "events"; import * as c from "node:path"; import d from "path/posix"; ${answer("[a === b, a === EventEmitter, c.join('x', 'y'), d.sep]")}` })).toEqual([true, true, "x/y", "/"]);
  });

  test("work with require() and import() as well", async () => {
    expect(
      await run({
        "index.js": `import old from "./old.cjs"; export default { async fetch() { const { basename } = await import("node:path"); return Response.json([...old, basename("/a/b")]); } };`,
        "old.cjs": `const EventEmitter = require("events"), util = require("node:util"), assert = require("assert"), { Readable } = require("stream"); class Own extends EventEmitter {} assert(true); module.exports = [typeof EventEmitter, new Own() instanceof EventEmitter.EventEmitter, util.format("%s", 1), typeof Readable.from];`,
      }),
    ).toEqual(["function", true, "1", "function", "b"]);
  });

  test("without the prefix an installed package comes first", async () => {
    const files = { "node_modules/events/package.json": '{"name":"events","main":"index.js"}', "node_modules/events/index.js": 'module.exports = "the package";' };
    expect(await run({ ...files, "index.js": `import bare from "events"; import { EventEmitter } from "node:events"; ${answer("[bare, typeof EventEmitter]")}` })).toEqual(["the package", "function"]);
  });

  test("cost nothing where there are none, and only what is imported where there are", async () => {
    const plain = await bundleOf({ "index.js": `import x from "./x.js"; ${answer("x")}`, "x.js": "export default 1;" });
    const small = await bundleOf({ "index.js": `import { AsyncLocalStorage } from "node:async_hooks"; ${answer("typeof AsyncLocalStorage")}` });
    const large = await bundleOf({ "index.js": `import { Readable } from "node:stream"; ${answer("typeof Readable")}` });
    expect(plain.doorName).toBeNull();
    expect(plain.code).not.toContain("__nano");
    expect(small.bytes).toBeLessThan(12_000);
    expect(large.bytes).toBeGreaterThan(100_000);
  });

  test("that are not there fail the load, naming module and importer, and the way around", async () => {
    const message = await failure({ "index.js": 'import "./lib/files.js";\nexport default {};', "lib/files.js": 'import { readFile } from "node:fs/promises";\nimport net from "net";\nexport default readFile(net);' });
    expect(message).toContain('lib/files.js:1:26: cannot import "node:fs/promises": node:fs/promises is not available in an app');
    expect(message).toContain("an app has no files");
    expect(message).toContain('lib/files.js:2:17: cannot import "net": node:net is not available in an app');
    expect(message).toContain("an app reaches the network through fetch()");
  });

  test("that no Node has are told apart from those that nano has not", async () => {
    expect(await failure({ "index.js": 'import x from "node:nothing"; export default x;' })).toContain("node:nothing is not available in an app");
    expect(await failure({ "index.js": 'import x from "node:part-1"; export default x;' })).toContain("node:part-1 is not available in an app");
  });

  test("that a package only asks for in a try do not fail the load", async () => {
    const files = { "node_modules/probing/package.json": '{"name":"probing"}', "node_modules/probing/index.js": 'let has = "fs"; try { require("fs"); } catch (error) { has = error.message; } module.exports = has;' };
    expect(await run({ ...files, "index.js": `import has from "probing"; ${answer("[has]")}` })).toEqual(['cannot import "fs": node:fs is not available in an app']);
  });
});

test("stacks show the app's places and none of the modules'", async () => {
  const bundle = await bundleOf({ "index.js": 'import { EventEmitter } from "node:events";\nexport default {\n  fetch() {\n    const e = new EventEmitter();\n    e.on("x", function thrower() {\n      throw new Error("boo");\n    });\n    e.emit("x");\n  },\n};\n' });
  using app = await TestIsolate.load(bundle.code, {}, bundle.doorName);
  const failed = await app.request().catch((error: { failure: { stack: string } }) => error.failure.stack);
  expect(mapStack(String(failed), bundle).trim().split("\n").map((line) => line.trim())).toEqual(["at thrower (index.js:6:17)", "at apply (native)", "at fetch (index.js:8:7)"]);
});

test("the door is gone before the app's code runs, and nothing of it can be named", async () => {
  expect(
    await run({ "index.js": `import "./first.js"; import { inspect } from "node:util"; import { seen } from "./first.js"; const names = Reflect.ownKeys(globalThis).map(String).filter((name) => name.includes("nano")); ${answer("[seen, names, typeof __nanoDoor, inspect(1)]")}`, "first.js": "export const seen = Reflect.ownKeys(globalThis).map(String).filter((name) => name.includes('nano'));" }),
  ).toEqual([[], [], "undefined", "1"]);
});

test("only whole modules have paths", () => {
  expect([nodeModules.pathOf("events"), nodeModules.pathOf("stream/promises"), nodeModules.pathOf("toString"), nodeModules.pathOf("fs"), nodeModules.pathOf("")]).toEqual(["events.js", "stream/promises.js", null, null, null]);
});
