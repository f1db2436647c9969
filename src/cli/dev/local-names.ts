/** Names that lead browsers of this machine to the apps: every app of `nano dev` is at http://<name>.localhost besides its own hosts. */
import { parseHostPattern } from "../../base/host-name.ts";
import type { AppConfig, Config } from "../../config/config.ts";

const LOCAL = ".localhost";

/** A name that another app claims stays with that. */
export function withLocalNames(config: Config): Config {
  const claimed = new Set(config.apps.flatMap(({ hostnames }) => hostnames));
  const apps = config.apps.map((app) => {
    const host = localName(app);
    if (host === null || claimed.has(host)) return app;
    claimed.add(host);
    return { ...app, hostnames: [...app.hostnames, host] };
  });
  return { ...config, apps };
}

/** Null when it has one, or its name makes none. */
function localName({ name, hostnames }: AppConfig): string | null {
  if (hostnames.some((host) => host.endsWith(LOCAL) && !host.startsWith("*"))) return null;
  const plain = name.toLowerCase().replace(/[^a-z0-9.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return plain === "" ? null : parseHostPattern(plain + LOCAL);
}
