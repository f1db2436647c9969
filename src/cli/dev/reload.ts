/** Follows the sources of the apps that `nano dev` serves, and loads them anew when they change. Requests that come meanwhile wait for what has been saved. */
import type { App } from "../../apps/app.ts";
import type { Bundle } from "../../apps/load/bundle.ts";
import { loadOptionsOf, type Revision } from "../../apps/revision.ts";
import { limitValue } from "../../limits.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { sourcesOf } from "../../supervisor/data-plane.ts";
import type { Sources, Watched } from "../../supervisor/source-watch.ts";

/** An editor writes a file in one go; what takes longer is seen to change again. */
const SETTLE_MS = 2;
/** Code that cannot be loaded may be half of a save: it is called an error once it has been left alone for so long. */
const DOUBT_MS = 30;
const HOLD_MS = limitValue("dev_hold_ms");

/** `readSinceMs`: when the first load began, or will. */
export function watched({ name, config: { path } }: App, runtime: Runtime, readSinceMs = Date.now()): Watched {
  const { registry, services } = runtime;
  const app = () => registry.get(name);
  return {
    name,
    path,
    settleMs: SETTLE_MS,
    readSinceMs,
    hold: () => app()?.hold(HOLD_MS) ?? (() => {}),
    async load() {
      const revision = app()?.serving.revision;
      await revision?.load();
      return revision === undefined ? NOTHING : sources(revision);
    },
    /** A failed load is shown to whoever asks for the app, until it is mended. */
    async reload(isStale) {
      const served = app();
      if (served === undefined) return NOTHING;
      const { config, serving } = served;
      const loading = services.loadBundle(config.path, loadOptionsOf(config));
      const bundle = await loading.catch(() => null);
      if (bundle === null) {
        await new Promise((resolve) => setTimeout(resolve, DOUBT_MS));
        if (await isStale()) return sources(serving.revision);
      }
      if (bundle !== null && isServed(bundle, serving.revision)) return sources(serving.revision);
      // The config may have changed meanwhile.
      return sources(await registry.replace(app()?.config ?? config, true, () => loading));
    },
  };
}

const NOTHING: Sources = { files: [], hasFailed: true };

function sources(revision: Revision): Sources {
  return { files: sourcesOf(revision), hasFailed: revision.error !== null };
}

/** A save that changes nothing is no reason to forget what the app has in memory. */
function isServed({ hash }: Bundle, { state, bundle }: Revision): boolean {
  return state === "ready" && bundle?.hash === hash;
}
