import { describe, expect, test } from "bun:test";
import { frameOfStack } from "../../../../src/apps/load/stack-frame.ts";
import { AppFolder } from "./app-folder.ts";

const FILES = {
  "index.ts": 'import { check } from "checks";\nimport { own } from "./own.ts";\nexport default { fetch: () => check(own) };\n',
  "own.ts": "// before\nexport const own = () => {\n  throw new Error();\n};\n",
  "node_modules/checks/package.json": '{ "name": "checks", "main": "index.js" }',
  "node_modules/checks/index.js": "export const check = (f) => f();\n",
};

describe("the code around the place where an app threw", () => {
  test("is that of the innermost frame", async () => {
    using app = new AppFolder(FILES);
    expect(frameOfStack("    at own (own.ts:3:9)\n    at fetch (index.ts:3:31)", await app.load())).toBe("  1 | // before\n  2 | export const own = () => {\n> 3 |   throw new Error();\n    |         ^\n  4 | };\n  5 |");
  });

  test("is the app's own before that of a package, which its author did not write", async () => {
    using app = new AppFolder(FILES);
    const bundle = await app.load();
    const inPackage = "    at check (node_modules/checks/index.js:1:29)";
    expect(frameOfStack(`${inPackage}\n    at fetch (index.ts:3:31)`, bundle)).toContain("> 3 | export default");
    expect(frameOfStack(inPackage, bundle)).toContain("> 1 | export const check");
  });

  test("is nothing where the stack names no file of the app, whatever the app wrote into it", async () => {
    using app = new AppFolder(FILES);
    const bundle = await app.load();
    for (const stack of ["", "    at f (/etc/passwd:1:1)", "    at f (../own.ts:1:1)", "    at f (own.ts:99:1)", "    at f (own.ts:0:0)", "    at f (native)"]) expect(frameOfStack(stack, bundle)).toBe("");
  });
});
