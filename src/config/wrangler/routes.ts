/** Routes of a wrangler file as hostnames: nano routes by host alone. */
import { parseHostPattern } from "../../base/host-name.ts";
import type { Problem } from "../../errors.ts";
import type { Path } from "../positions.ts";
import type { WranglerEnvironment } from "./environment.ts";
import { isLoose } from "./placed-data.ts";

export interface Routes {
  readonly hostnames: readonly string[];
  readonly warnings: readonly Problem[];
}

/** https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior */
export function routesOf(environment: WranglerEnvironment): Routes {
  const hostnames = new Set<string>();
  const warnings: Problem[] = [];
  for (const [route, path] of patternsOf(environment)) {
    const pattern = isLoose(route) ? route["pattern"] : route;
    if (typeof pattern !== "string" || pattern === "") {
      environment.problems.push(environment.problem('must be a pattern, such as "example.com/*"', undefined, path));
      continue;
    }
    const [, host = "", rest = ""] = /^(?:https?:\/\/)?([^/]*)(\/.*)?$/.exec(pattern) ?? [];
    const hosts = host.startsWith("*") && !host.startsWith("*.") ? [host.slice(1), `*.${host.slice(1)}`] : [host];
    const canonical = hosts.map(parseHostPattern);
    if (canonical.includes(null)) {
      environment.problems.push(environment.problem(`${JSON.stringify(host)} is no hostname`, 'a route is a host and a path: "example.com/*", "*.example.com/*"', path));
      continue;
    }
    for (const one of canonical) if (one !== null) hostnames.add(one);
    if (rest !== "" && rest !== "/" && rest !== "/*") warnings.push(environment.problem(`nano routes by host: the app is given every path of ${host}, not only ${rest}`, undefined, path));
  }
  return { hostnames: [...hostnames], warnings };
}

function patternsOf(environment: WranglerEnvironment): readonly (readonly [unknown, Path])[] {
  const route = environment.get("route");
  const routes = environment.list("routes");
  return [...(route === undefined ? [] : [[route.value, route.path] as const]), ...(routes?.value ?? []).map((one, i) => [one, [...(routes as { path: Path }).path, i]] as const)];
}
