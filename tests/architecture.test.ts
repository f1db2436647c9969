import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "bun:test";
import { checkLayers } from "../scripts/check-layers.ts";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

async function tree(files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(tmpdir(), `nano-layers-${crypto.randomUUID()}`);
  for (const [name, source] of Object.entries(files)) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await Bun.write(join(root, name), source);
  }
  return root;
}

describe("architecture", () => {
  test("the sources keep the layers, the trust boundary, the seals and the wall", async () => {
    expect(await checkLayers(SRC)).toEqual([]);
  });

  test("an import against the direction is found", async () => {
    const root = await tree({ "isolate/a.ts": 'import { b } from "../apps/b.ts"; b;', "apps/b.ts": "export const b = 1;" });
    expect(await checkLayers(root)).toEqual(["isolate/a.ts: isolate may not import apps (apps/b.ts)"]);
  });

  test("a leaf that imports a layer is found", async () => {
    const root = await tree({ "base/a.ts": 'import type { b } from "../web/b.ts"; export type A = typeof b;', "web/b.ts": "export const b = 1;" });
    expect(await checkLayers(root)).toEqual(["base/a.ts: base may not import web (web/b.ts)"]);
  });

  test("a cycle of value imports is found, one of types is not", async () => {
    const cyclic = await tree({ "web/a.ts": 'import { b } from "./b.ts"; export const a = b;', "web/b.ts": 'import { a } from "./a.ts"; export const b = a;' });
    expect(await checkLayers(cyclic)).toEqual(["cycle: web/a.ts -> web/b.ts -> web/a.ts"]);
    const typed = await tree({ "web/a.ts": 'import { b } from "./b.ts"; export const a = b;', "web/b.ts": 'import type { a } from "./a.ts"; export const b: typeof a | 1 = 1;' });
    expect(await checkLayers(typed)).toEqual([]);
  });

  test("guest code that imports host values is found, and the reverse", async () => {
    const root = await tree({
      "web/url/guest.ts": 'import { h } from "./host.ts"; h;',
      "web/url/host.ts": "export const h = 1;",
      "web/x/host.ts": 'import { g } from "./guest/g.ts"; g;',
      "web/x/guest/g.ts": "export const g = 1;",
    });
    expect(await checkLayers(root)).toEqual(["web/url/guest.ts: guest code imports host value web/url/host.ts", "web/x/host.ts: host code imports guest value web/x/guest/g.ts"]);
  });

  test("a sealed dependency used elsewhere is found", async () => {
    const root = await tree({ "apps/a.ts": "export const a = process.env.HOME;" });
    expect(await checkLayers(root)).toHaveLength(1);
  });

  test("a file above the wall is found", async () => {
    const root = await tree({ "apps/a.ts": `export const a = 1;\n${"// one line\n".repeat(400)}` });
    expect(await checkLayers(root)).toEqual(["apps/a.ts: 401 lines (the wall is 400)"]);
  });
});
