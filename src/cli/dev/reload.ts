/** Follows the sources of the apps that `nano dev` serves, and loads them anew when they change. */
import type { App } from "../../apps/app.ts";
import type { AppRegistry } from "../../apps/registry.ts";
import type { Revision } from "../../apps/revision.ts";
import { sourcesOf } from "../../supervisor/data-plane.ts";
import type { Watched } from "../../supervisor/source-watch.ts";

/** A failed load is shown to whoever asks for the app, until it is mended. */
export function watched(app: App, registry: AppRegistry): Watched {
  const sources = (revision: Revision) => ({ files: sourcesOf(revision), hasFailed: revision.error !== null });
  return {
    name: app.name,
    path: app.config.path,
    async load() {
      const { revision } = app.serving;
      await revision.load();
      return sources(revision);
    },
    reload: async () => sources(await registry.replace(app.config, true)),
  };
}
