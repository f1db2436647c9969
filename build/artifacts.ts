/** Builds what the executable embeds: engine, guest bundle, base snapshot. Deterministic: the same sources give the same bytes. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { zstdCompressSync } from "node:zlib";
import type { Embedded } from "../src/artifacts.ts";
import { boot } from "../src/isolate/engine/bootstrap.ts";
import { writeBase } from "../src/isolate/memory/snapshot-file.ts";
import { createOps } from "../src/runtime/catalogue.ts";
import packageJson from "../package.json" with { type: "json" };
import { buildEngine } from "./engine/build-engine.ts";
import { probeLayout } from "./engine/layout.ts";
import { bundleNodeModules } from "./node-modules.ts";
import { bundleGuest } from "./guest-code.ts";
import { collectWrittenFiles } from "./written-files.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Only the declarations matter here: booting calls no op. */
const UNUSED_SERVICES: Parameters<typeof createOps>[0] = {
  lazyRooms: [],
  clock: { origin: () => 0, now: () => 0 },
  sink: () => {},
  budgetOf: () => null,
  cachesOf: () => undefined,
  assetsOf: () => undefined,
  egress: { fetch_start: () => Promise.reject(new Error("no egress while building")), fetch_abort: () => {} },
};

export async function buildArtifacts(commit: string): Promise<Embedded> {
  const [engine, { base: guestCode, rooms }, nodeModules] = await Promise.all([buildEngine(), bundleGuest(), bundleNodeModules()]);
  const layout = probeLayout(engine);
  const ops = createOps(UNUSED_SERVICES);
  const key = createHash("sha256").update(engine.hash).update(ops.signature).update(guestCode).update(rooms.join("\0")).digest("hex").slice(0, 32);
  const module = new WebAssembly.Module(engine.wasm as Uint8Array<ArrayBuffer>);
  const base = boot({ module, layout, hash: engine.hash }, ops, guestCode);
  return {
    manifest: { version: packageJson.version, commit, engineHash: engine.hash, layout, key },
    wasm: engine.wasm,
    base: writeBase(base, key),
    lazyRooms: zstdCompressSync(JSON.stringify(rooms)),
    nodeModules: new TextEncoder().encode(JSON.stringify(nodeModules)),
    writtenFiles: () => collectWrittenFiles(ROOT),
  };
}
