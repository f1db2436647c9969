/** Follows the sources of the apps that `nano dev` serves, and loads them anew when they change. Requests that come meanwhile wait for what has been saved. */
import type { App } from "../../apps/app.ts";
import type { Bundle } from "../../apps/load/bundle.ts";
import { loadOptionsOf, type Revision } from "../../apps/revision.ts";
import type { AppConfig } from "../../config/config.ts";
import { limitValue } from "../../limits.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { sourcesOf } from "../../supervisor/data-plane.ts";
import type { Sources, Watched } from "../../supervisor/app-watch.ts";

/** An editor writes a file in one go; what takes longer is seen to change again. */
const SETTLE_MS = 2;
/** Code that cannot be loaded may be half of a save: it is called an error once it has been left alone for so long. */
const DOUBT_MS = 30;
const HOLD_MS = limitValue("dev_hold_ms");

/** `configOf`: what is to hold for an app, also while it is not yet served. `readSinceMs`: when the first load began, or will. */
export function watched({ name, config: { path } }: App, runtime: Runtime, configOf: (name: string) => AppConfig | undefined, readSinceMs = Date.now()): Watched {
  const { registry, services } = runtime;
  const app = () => registry.get(name);
  let replacing = 0;
  return {
    name,
    path,
    settleMs: SETTLE_MS,
    readSinceMs,
    hold: () => app()?.hold(HOLD_MS) ?? (() => {}),
    async load() {
      const revision = app()?.serving.revision;
      if (revision === undefined) return NOTHING;
      void revision.load();
      await revision.whenRead;
      return sources(revision);
    },
    /** A failed load is shown to whoever asks for the app, until it is mended. A top level that takes its time, or for ever, keeps nobody from mending it. */
    async reload(isStale) {
      const served = app();
      if (served === undefined) return NOTHING;
      const { serving } = served;
      const wanted = () => configOf(name) ?? served.config;
      let config: AppConfig;
      let loading: Promise<Bundle>;
      let read: { readonly bundle: Bundle | null; readonly error: Error | null };
      // The config may change meanwhile, and with it what is to be loaded.
      do {
        config = wanted();
        loading = services.loadBundle(config.path, loadOptionsOf(config));
        read = await loading.then((bundle) => ({ bundle, error: null }), (error: Error) => ({ bundle: null, error }));
      } while (config !== wanted());
      if (read.bundle === null) await new Promise((resolve) => setTimeout(resolve, DOUBT_MS));
      const isDone = read.bundle === null ? await isStale() : replacing === 0 && isServed(read.bundle, serving.revision);
      if (!isDone) {
        replacing++;
        const release = served.hold(HOLD_MS);
        const made = loading;
        void registry.replace(wanted(), true, () => made).catch((error) => services.observer.fault("reload", error)).finally(() => {
          replacing--;
          release();
        });
      }
      return sources(read);
    },
  };
}

const NOTHING: Sources = { files: [], hasFailed: true };

function sources(read: Pick<Revision, "bundle" | "error">): Sources {
  return { files: sourcesOf(read), hasFailed: read.bundle === null };
}

/** A save that changes nothing is no reason to forget what the app has in memory. */
function isServed({ hash }: Bundle, { state, bundle }: Revision): boolean {
  return state === "ready" && bundle?.hash === hash;
}
