/** The node: modules as text, for apps that import them, and `nano:test`, for test files: one ES module each, with the parts that several share beside them. */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";
import { TESTING } from "../src/apps/load/node-modules.ts";

const FOLDER = fileURLToPath(new URL("../src/web/node/guest/modules", import.meta.url));
const TESTING_ENTRY = fileURLToPath(new URL("../src/web/testing/guest/module/nano-test.ts", import.meta.url));

/** What readable-stream asks for is ours, so that its buffers and emitters are those of the app. */
const STREAM_PARTS: Readonly<Record<string, string>> = { buffer: "buffer.ts", events: "events.ts", "string_decoder/": "string_decoder.ts", "process/": "process.ts" };

const ownParts: BunPlugin = {
  name: "own-parts",
  setup(builder) {
    builder.onResolve({ filter: /^(?:buffer|events|string_decoder\/|process\/)$/ }, ({ path, importer }) =>
      importer.includes("readable-stream") ? { path: join(FOLDER, STREAM_PARTS[path] as string) } : undefined,
    );
    // Only for hosts without an AbortController.
    builder.onResolve({ filter: /^abort-controller$/ }, () => ({ path: "abort-controller", namespace: "global" }));
    builder.onLoad({ filter: /.*/, namespace: "global" }, () => ({ contents: "module.exports = globalThis;", loader: "js" }));
  },
};

/** `nano:test`, for test files. Short names: reading it is most of what a small file takes. */
async function bundleTesting(): Promise<string> {
  const built = await Bun.build({ entrypoints: [TESTING_ENTRY], target: "browser", format: "esm", minify: true, env: "disable", define: { "globalThis.process": "undefined" } });
  const [output] = built.outputs;
  if (!built.success || output === undefined) throw new AggregateError(built.logs, "nano:test does not build");
  return output.text();
}

/** By path: "stream/promises.js" is the module node:stream/promises, "part-….js" is shared. */
export async function bundleNodeModules(): Promise<Readonly<Record<string, string>>> {
  const built = await Bun.build({
    entrypoints: [...new Bun.Glob("**/*.ts").scanSync(FOLDER)].sort().map((name) => join(FOLDER, name)),
    root: FOLDER,
    target: "browser",
    format: "esm",
    splitting: true,
    minify: { whitespace: true, syntax: true, identifiers: false },
    naming: { entry: "[dir]/[name].js", chunk: "part-[hash].js" },
    env: "disable",
    plugins: [ownParts],
  });
  if (!built.success) throw new AggregateError(built.logs, "the node: modules do not build");
  const texts = await Promise.all(built.outputs.map(async (output) => [relative(".", output.path).replaceAll("\\", "/"), await output.text()] as const));
  texts.push([`${TESTING}.js`, await bundleTesting()]);
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}
