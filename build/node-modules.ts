/** The node: modules as text, for apps that import them: one ES module each, with the parts that several share beside them. */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";

const FOLDER = fileURLToPath(new URL("../src/web/node/guest/modules", import.meta.url));

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
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}
