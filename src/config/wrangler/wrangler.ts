/** A wrangler file as the configuration of nano that it comes to: https://developers.cloudflare.com/workers/wrangler/configuration/ – what is read, what is told, what is refused. */
import { basename, dirname } from "node:path";
import type { Place, Problem } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { referenceOf } from "../env-schema.ts";
import { Document, fieldName, type Path, type PlaceOptions } from "../positions.ts";
import { assetsOf } from "./assets.ts";
import { lackingBindings } from "./bindings.ts";
import { WranglerEnvironment } from "./environment.ts";
import { wranglerKeys } from "./keys.ts";
import { isLoose, type Loose, type PlacedData } from "./placed-data.ts";
import { routesOf } from "./routes.ts";
import { sourceOf } from "./source.ts";
import { TomlDocument } from "./toml.ts";

/** In the order in which wrangler looks for them. */
export const WRANGLER_NAMES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

export function isWranglerFile(file: string): boolean {
  return file.endsWith(".toml") || /^wrangler(\.[\w-]+)*\.jsonc?$/.test(basename(file));
}

export interface WranglerOptions {
  /** Null: the top level. */
  readonly environment: string | null;
  /** To serve, nothing may lack; else it is told. The development server's own settings hold in `nano dev` alone. */
  readonly use: "dev" | "check" | "serve";
}

export interface ReadWrangler {
  /** As nano.json would say it, with the places of the wrangler file. */
  readonly document: Document;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Of what is told among the warnings: names in `env`, and what they are called. */
  readonly lacking: Readonly<Record<string, string>>;
}

/** `file` is absolute. Throws OperatorError for a syntax error. */
export function readWrangler(text: string, file: string, shownAs: string, { environment: name, use }: WranglerOptions): ReadWrangler {
  const data: PlacedData = file.endsWith(".toml") ? new TomlDocument(text, shownAs) : new Document(text, shownAs);
  const environment = new WranglerEnvironment(data, name);
  const folder = dirname(file);
  const origins: [Path, Path][] = [];
  const app: Loose = {};
  const warnings: Problem[] = [];
  const take = (key: string, value: unknown, path: Path) => {
    app[key] = value;
    origins.push([["apps", 0, key], path]);
  };

  const source = sourceOf(environment, folder);
  Object.assign(app, source.app);
  for (const [nano, wrangler] of source.origins) origins.push([["apps", 0, ...nano], wrangler]);
  const assets = assetsOf(environment, source.app["main"] !== undefined, warnings);
  if (assets !== null) take("assets", assets.value, assets.path);
  // Static files alone need no code.
  if (source.app["main"] === undefined && assets !== null) delete app["path"];
  else if (source.app["main"] === undefined && environment.problems.length === 0) environment.problems.push(environment.problem("main is missing", 'name the file that the app starts with: main = "src/index.ts"', []));

  const named = environment.text("name");
  const appName = named === undefined ? basename(folder) : named.path[0] === "env" || name === null ? named.value : `${named.value}-${name}`;
  take("name", appName.replace(/[^\w.-]+/g, "-") || "app", named?.path ?? []);
  const routes = routesOf(environment);
  warnings.push(...routes.warnings);
  const route = environment.get("routes") ?? environment.get("route");
  // The name need be no host.
  if (routes.hostnames.length > 0) take("hostnames", routes.hostnames, route?.path ?? []);

  const vars = environment.object("vars");
  if (vars !== undefined) take("env", literalVars(environment, vars), vars.path);
  const required = requiredSecrets(environment);
  if (required !== null && use === "dev") take("required_env", required.names, required.path);
  if (required !== null && use === "serve") take("secrets", Object.fromEntries(required.names.map((one) => [one, { from_env: one }])), required.path);
  const said = limitsOf(environment, warnings);
  if (said !== null) take("limits", said.value, said.path);

  const config: Loose = { apps: [app] };
  if (use === "dev") takeDevServer(environment, config, origins, warnings);
  tellTheRest(environment, warnings);
  const lacking = lackingBindings(environment, use === "serve");
  if (lacking.problem !== null) (use === "serve" ? environment.problems : warnings).push(lacking.problem);
  return { lacking: lacking.names, document: new TranslatedDocument(config, shownAs, data, origins), problems: environment.problems, warnings: [...environment.warnings, ...warnings] };
}

/** What nano.json would take for the name of a secret of the host's is no value here. */
function literalVars(environment: WranglerEnvironment, { value, path }: { readonly value: Loose; readonly path: Path }): Loose {
  const isReference = (name: string) => referenceOf(value[name]) !== null;
  for (const name of Object.keys(value).filter(isReference)) environment.problems.push(environment.problem("a variable can be no table with from_env or from_file", "name the key otherwise; secrets.required has what comes from the environment", [...path, name]));
  return Object.fromEntries(Object.entries(value).filter(([name]) => !isReference(name)));
}

/** https://developers.cloudflare.com/workers/wrangler/configuration/#secrets */
function requiredSecrets(environment: WranglerEnvironment): { readonly names: readonly string[]; readonly path: Path } | null {
  const found = environment.object("secrets");
  const names = found?.value["required"];
  if (found === undefined || names === undefined) return null;
  const path = [...found.path, "required"];
  if (Array.isArray(names) && names.every((one) => typeof one === "string")) return { names, path };
  environment.problems.push(environment.problem("must be a list of names", undefined, path));
  return null;
}

/** What Cloudflare allows may be more than nano does. */
function limitsOf(environment: WranglerEnvironment, warnings: Problem[]): { readonly value: Loose; readonly path: Path } | null {
  const found = environment.object("limits");
  if (found === undefined) return null;
  const value: Loose = {};
  for (const [key, said] of Object.entries(found.value)) {
    const path = [...found.path, key];
    if (key !== "cpu_ms" && key !== "subrequests") {
      warnings.push(environment.problem(`nano knows no limit ${JSON.stringify(key)} of wrangler's`, "cpu_ms and subrequests are read", path, true));
      continue;
    }
    const { least, most } = limits[key];
    value[key] = typeof said === "number" ? Math.min(most, Math.max(least, said)) : said;
    if (typeof said === "number" && value[key] !== said) warnings.push(environment.problem(`nano has ${least} to ${most} for ${key}: it is ${value[key]} here`, undefined, path));
  }
  return { value, path: found.path };
}

/** https://developers.cloudflare.com/workers/wrangler/configuration/#local-development-settings */
function takeDevServer(environment: WranglerEnvironment, config: Loose, origins: [Path, Path][], warnings: Problem[]): void {
  const { value, path } = environment.object("dev") ?? { value: {}, path: [] };
  const { port, ip, local_protocol: protocol } = value;
  if (port !== undefined) {
    config["port"] = port;
    origins.push([["port"], [...path, "port"]]);
  }
  if (typeof ip === "string") {
    config["host"] = ip === "*" ? "0.0.0.0" : ip === "localhost" ? "127.0.0.1" : ip;
    origins.push([["host"], [...path, "ip"]]);
  }
  if (protocol === "https") warnings.push(environment.problem("nano dev serves http here", undefined, [...path, "local_protocol"]));
}

function tellTheRest(environment: WranglerEnvironment, warnings: Problem[]): void {
  for (const [key, does] of Object.entries(wranglerKeys)) {
    const found = does.does === "told" ? environment.get(key) : undefined;
    if (found !== undefined && does.does === "told") warnings.push(environment.problem(does.message, does.hint, found.path, true));
  }
  const build = environment.object("build");
  if (build?.value["command"] !== undefined) warnings.push(environment.problem("nano does not run this command", "run it yourself before and beside nano: what it makes is read, and read again when it changes", [...build.path, "command"], true));
  const triggers = environment.object("triggers");
  const crons = triggers?.value["crons"];
  const [first] = Array.isArray(crons) ? crons : [];
  if (triggers !== undefined && first !== undefined)
    warnings.push(environment.problem("nano runs nothing by the clock: scheduled() is called when somebody asks", `in nano dev: curl "http://localhost:<port>/cdn-cgi/handler/scheduled?cron=${String(first).replaceAll(" ", "+")}"`, [...triggers.path, "crons"], true));
}

/** nano.json made of another file: problems name what stands there. */
class TranslatedDocument extends Document {
  readonly #data: PlacedData;
  readonly #origins: readonly (readonly [nano: Path, wrangler: Path])[];

  constructor(config: Loose, shownAs: string, data: PlacedData, origins: readonly (readonly [Path, Path])[]) {
    super(JSON.stringify(config), shownAs);
    this.#data = data;
    this.#origins = [...origins].sort(([a], [b]) => b.length - a.length);
  }

  override place(path: Path, options: PlaceOptions = {}): Place {
    return this.#data.place(this.#originOf(path), options);
  }
  override placeOfKey(_key: unknown, path: Path): Place {
    return this.place(path, { ofKey: true });
  }
  override nameOf(path: Path): string {
    const origin = this.#originOf(path);
    const { line } = this.#data.place(origin);
    return `${fieldName(origin)}${line === undefined ? "" : ` in line ${line}`}`;
  }

  #originOf(path: Path): Path {
    const found = this.#origins.find(([nano]) => nano.length <= path.length && nano.every((segment, i) => segment === path[i]));
    return found === undefined ? [] : [...found[1], ...path.slice(found[0].length)];
  }
}

/** What there is of nano.json in it, for whoever changes it later. */
export function rawOf({ document }: ReadWrangler): Loose {
  return isLoose(document.value) ? document.value : {};
}
