import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { probe } from "./probe.ts";

const NODE = fileURLToPath(new URL("../../../../../node_modules/.bin/node", import.meta.url));
const PROBE = fileURLToPath(new URL("./probe.ts", import.meta.url));

test("subrequests go the same under Node as under Bun, well and badly", async () => {
  const script = `const { probe } = await import(${JSON.stringify(PROBE)}); console.log(JSON.stringify(await probe()));`;
  const node = Bun.spawn([NODE, "--input-type=module", "--eval", script], { env: { PATH: process.env.PATH ?? "" }, stdout: "pipe", stderr: "pipe", timeout: 20_000 });
  const [output, errors] = await Promise.all([new Response(node.stdout).text(), new Response(node.stderr).text()]);
  expect([await node.exited, errors]).toEqual([0, ""]);
  const bun = await probe();
  expect(JSON.parse(output)).toEqual(bun);
  expect(bun).toMatchObject({ plain: "200 Content-Length\n2\n 2", gzip: "200  500000", tls: "hi", backpressure: [true, 64 << 20], upload: [200, true] });
}, 30_000);
