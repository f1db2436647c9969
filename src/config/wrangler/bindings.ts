/** The bindings that a wrangler file names and nano lacks: all of them in one message, by the names that the app knows them by. */
import type { Problem } from "../../errors.ts";
import { isEnvName } from "../env-schema.ts";
import type { Path } from "../positions.ts";
import type { WranglerEnvironment } from "./environment.ts";
import { type BindingKey, wranglerKeys } from "./keys.ts";
import { isLoose } from "./placed-data.ts";

interface Lacking {
  readonly name: string;
  readonly called: string;
  readonly path: Path;
}

export interface LackingBindings {
  /** All of them at once; null when there are none. */
  readonly problem: Problem | null;
  /** Names in `env`, and what the app expects there. */
  readonly names: Readonly<Record<string, string>>;
}

export function lackingBindings(environment: WranglerEnvironment, isRefused: boolean): LackingBindings {
  const found = Object.entries(wranglerKeys).flatMap(([key, told]) => (told.does === "binding" ? namesOf(environment, key, told) : []));
  const names = Object.fromEntries(found.filter(({ name }) => isEnvName(name)).map(({ name, called }) => [name, called]));
  const consumers = environment.get("queues");
  if (consumers !== undefined && isLoose(consumers.value) && Array.isArray(consumers.value["consumers"]))
    for (const [i, one] of consumers.value["consumers"].entries()) found.push({ name: `queue() for ${isLoose(one) ? String(one["queue"]) : "a queue"}`, called: "queue consumer", path: [...consumers.path, "consumers", i] });
  const site = environment.get("site");
  if (site !== undefined) found.push({ name: "__STATIC_CONTENT", called: "Workers Site; assets are what serves files", path: site.path });
  const [first] = found;
  if (first === undefined) return { problem: null, names };
  const list = found.map(({ name, called, path }) => `${name} (${called}${lineOf(environment, path)})`).join(", ");
  const wayOut = isRefused ? "what serves in earnest refuses that: remove it, or name an environment without it with --env; nano dev runs the app as it is" : "the first use of one fails in the app; an environment without them can be named with --env";
  const problem = environment.problem(`nano has no such ${found.length === 1 ? "binding" : "bindings"}, and the app does without: ${list}`, wayOut, first.path, true);
  return { problem, names };
}

function lineOf(environment: WranglerEnvironment, path: Path): string {
  const line = environment.lineOf(path);
  return line === undefined ? "" : `, line ${line}`;
}

function namesOf(environment: WranglerEnvironment, key: string, { called, named, below }: BindingKey): Lacking[] {
  const found = environment.get(key);
  if (found === undefined) return [];
  const value = below === undefined ? found.value : isLoose(found.value) ? found.value[below] : undefined;
  const path = below === undefined ? found.path : [...found.path, below];
  if (named === null) return isLoose(value) ? Object.keys(value).map((name) => ({ name, called, path: [...path, name] })) : [];
  const list = Array.isArray(value) ? value : isLoose(value) ? [value] : [];
  return list.map((one, i) => {
    const name = isLoose(one) ? one[named] : undefined;
    return { name: typeof name === "string" && name !== "" ? name : "unnamed", called, path: Array.isArray(value) ? [...path, i] : path };
  });
}
