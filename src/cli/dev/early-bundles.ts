/** Bundles the apps of `nano dev` while the engine is compiled: neither needs the other. */
import { type Bundle, loadBundle, type LoadBundle } from "../../apps/load/bundle.ts";
import { NodeModules } from "../../apps/load/node-modules.ts";
import { loadOptionsOf } from "../../apps/revision.ts";
import type { AppConfig } from "../../config/config.ts";

/** More than these would be in each other's way. */
const MOST_APPS = 4;

/** `loadBundle`, which has begun with the first load of the first of `apps` already. */
export function bundledEarly(apps: readonly AppConfig[], nodeModules: Promise<Uint8Array>): LoadBundle {
  const early = new Map<string, Promise<Bundle>>();
  for (const config of apps.slice(0, MOST_APPS)) {
    const options = loadOptionsOf(config);
    const bundling = nodeModules.then((json) => loadBundle(config.path, options, new NodeModules(json)));
    // Whoever loads the app hears of it.
    bundling.catch(() => {});
    early.set(JSON.stringify([config.path, options]), bundling);
  }
  return (path, options, modules) => {
    const key = JSON.stringify([path, options]);
    const bundling = early.get(key);
    early.delete(key);
    return bundling ?? loadBundle(path, options, modules);
  };
}
