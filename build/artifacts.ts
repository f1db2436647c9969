/** Builds what the executable embeds: engine, guest bundle, base snapshot. Deterministic: the same sources give the same bytes. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Artifacts } from "../src/artifacts.ts";
import { boot } from "../src/isolate/bootstrap.ts";
import { writeBase } from "../src/isolate/snapshot-file.ts";
import { createOps } from "../src/runtime/catalogue.ts";
import packageJson from "../package.json" with { type: "json" };
import { captureStreams } from "./capture-streams.ts";
import { buildEngine } from "./engine/build-engine.ts";
import { probeLayout } from "./engine/layout.ts";
import { bundleNodeModules } from "./node-modules.ts";

const GUEST_ENTRY = fileURLToPath(new URL("../src/web/guest.ts", import.meta.url));

/** Only the declarations matter here: booting calls no op. */
const UNUSED_SERVICES: Parameters<typeof createOps>[0] = {
  clock: { origin: 0, now: () => 0 },
  sink: () => {},
  budgetOf: () => null,
  cachesOf: () => undefined,
  egress: { fetch_start: () => Promise.reject(new Error("no egress while building")), fetch_abort: () => {} },
};

export async function buildArtifacts(commit: string): Promise<Artifacts> {
  const [engine, guestCode, nodeModules] = await Promise.all([buildEngine(), bundleGuest(), bundleNodeModules()]);
  const layout = probeLayout(engine.wasm);
  const ops = createOps(UNUSED_SERVICES);
  const key = createHash("sha256").update(engine.hash).update(ops.signature).update(guestCode).digest("hex").slice(0, 32);
  const module = new WebAssembly.Module(engine.wasm as Uint8Array<ArrayBuffer>);
  const base = boot({ module, layout, hash: engine.hash }, ops, guestCode);
  return {
    manifest: { version: packageJson.version, commit, engineHash: engine.hash, layout, key },
    wasm: engine.wasm,
    base: writeBase(base, key),
    nodeModules: new TextEncoder().encode(JSON.stringify(nodeModules)),
  };
}

/** The guest side of all rooms as one script. Names are kept: `fn.name` and class names are visible to apps. */
export async function bundleGuest(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [GUEST_ENTRY],
    target: "browser",
    format: "iife",
    minify: { whitespace: true, syntax: true, identifiers: false },
    env: "disable",
    plugins: [captureStreams],
  });
  if (!built.success || built.outputs[0] === undefined) throw new AggregateError(built.logs, "the guest bundle does not build");
  return built.outputs[0].text();
}
