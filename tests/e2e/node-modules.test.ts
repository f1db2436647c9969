/** Apps that import node: modules, with the executable. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { nano, NanoProcess, ROOT, temporaryFolder } from "../harness/nano.ts";

let server: NanoProcess;
beforeAll(async () => {
  server = await NanoProcess.serve({ apps: [{ hostname: "context.test", path: join(ROOT, "tests/e2e/apps/context") }] });
});
afterAll(() => server.stop());

test("Hono's context storage and nested spans stay with their request while 50 requests cross, four times over", async () => {
  // An app takes 100 requests at once; more would be shed on a busy machine.
  for (let round = 0; round < 4; round++) {
    const ids = Array.from({ length: 50 }, (_, i) => `r${round}-${i}`);
    const answers = await Promise.all(ids.map(async (id) => (await server.request("context.test", `/?id=${id}`)).json()));
    const tree = ["->root", "child1>leaf", "child2>leaf", "child3>leaf", "root>child1", "root>child2", "root>child3"];
    expect(answers).toEqual(ids.map((id) => ({ ids: [id], count: 6, tree, hash: createHash("sha256").update(id).digest("hex") })));
  }
}, 20_000);

test("a script can import them", async () => {
  const folder = await temporaryFolder({ "script.ts": 'import { format } from "node:util"; import { setTimeout } from "node:timers/promises"; import process from "node:process"; await setTimeout(1); console.log(format("%s-%d", "a", 1), process.cwd(), Object.keys(process.env).length);' });
  expect(await nano(["run", "script.ts"], { cwd: folder, env: { SECRET: "of the host" } })).toEqual({ code: 0, out: "a-1 / 0\n", err: "" });
});

test("check names module, importer and the way around for one that is not there", async () => {
  const folder = await temporaryFolder({ "index.js": 'import "./db.js"; export default { fetch: () => new Response("") };', "db.js": 'import { readFileSync } from "node:fs"; readFileSync("x");' });
  const { code, out, err } = await nano(["check", folder]);
  expect(code).not.toBe(0);
  expect(out + err).toContain('db.js:1:30: cannot import "node:fs": node:fs is not available in an app');
  expect(out + err).toContain("hint: an app has no files");
});
