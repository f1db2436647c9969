/** From the text of nano.json to a resolved configuration, or to every problem at once. */
import { isIP } from "node:net";
import { dirname, resolve } from "node:path";
import leven from "leven";
import * as v from "valibot";
import { parseHostPattern } from "../base/host-name.ts";
import { OperatorError, type Problem } from "../errors.ts";
import { limits, limitKeys, type LimitValues, resolveAppLimits, resolveServerLimits } from "../limits.ts";
import type { AppConfig, Config, Json } from "./config.ts";
import { Document, type Path } from "./positions.ts";
import { appSchema, configSchema, type RawApp, type RawConfig } from "./schema.ts";

export const DEFAULT_PORT = 3000;
export const DEFAULT_HOST = "127.0.0.1";

/** Throws OperatorError with all problems. `file` is the absolute path that relative paths start from, and is named in problems as `shownAs`. */
export function parseConfig(text: string, file: string, shownAs = file): Config {
  const document = new Document(text, shownAs);
  const parsed = v.safeParse(configSchema, document.value);
  if (!parsed.success) throw new OperatorError(parsed.issues.flatMap((issue) => shapeProblems(document, issue as Issue)));
  const resolver = new Resolver(document, dirname(file));
  const config = resolver.resolve(parsed.output, file);
  if (resolver.problems.length > 0) throw new OperatorError(resolver.problems);
  return config;
}

type Issue = { readonly type: string; readonly message: string; readonly expected?: string | null; readonly received?: string; readonly path?: readonly { readonly key: unknown }[]; readonly issues?: readonly Issue[] };

function shapeProblems(document: Document, issue: Issue): Problem[] {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const key = String(path.at(-1));
    const known = keysAt(path.slice(0, -1));
    const meant = [...known].sort((a, b) => leven(key, a) - leven(key, b))[0];
    const isNear = meant !== undefined && leven(key, meant) <= Math.max(2, key.length / 3);
    return [document.problem(path, "there is no such key", { ofKey: true, hint: isNear ? `did you mean ${meant}?` : `known here: ${known.join(", ")}` })];
  }
  if (issue.type === "strict_object" && path.length > 0 && issue.received === "undefined") {
    const missing = String(path.at(-1));
    return [document.problem(path.slice(0, -1), `${missing} is missing`, { hint: missing === "path" ? 'name the app\'s file or folder: "path": "./app.js"' : `add "${missing}"` })];
  }
  const message = issue.type === "strict_object" ? "must be an object" : issue.message;
  return [document.problem(path, message)];
}

/** The keys that an object at `path` may have. */
function keysAt(path: Path): string[] {
  const last = path.at(-1);
  if (last === "limits") return [...limitKeys(path.length === 1 ? "server" : "app")];
  if (path.length === 0) return Object.keys(configSchema.entries);
  if (last === "defaults") return ["timeout_ms", "memory_mb", "limits"];
  if (last === "log") return ["format", "level"];
  if (last === "egress") return ["allow"];
  return Object.keys(appSchema.entries);
}

class Resolver {
  readonly problems: Problem[] = [];
  readonly #document: Document;
  readonly #folder: string;
  readonly #claims = { names: new Map<string, string>(), hosts: new Map<string, string>(), defaultApp: null as string | null };

  constructor(document: Document, folder: string) {
    this.#document = document;
    this.#folder = folder;
  }

  resolve(raw: RawConfig, file: string): Config {
    const defaults = this.#layer(raw.defaults ?? {}, ["defaults"]);
    const apps = (raw.apps ?? []).map((app, i) => this.#app(app, ["apps", i], defaults));
    if (apps.length === 0) this.#add(raw.apps === undefined ? [] : ["apps"], "there are no apps", 'add one: "apps": [{ "hostname": "app.localhost", "path": "./app.js" }]');
    for (const [i, address] of (raw.trusted_proxies ?? []).entries()) if (!isAddressOrRange(address)) this.#add(["trusted_proxies", i], `${JSON.stringify(address)} is no address and no CIDR`, 'for example "10.0.0.0/8" or "127.0.0.1"');
    return Object.freeze({
      file,
      port: raw.port ?? DEFAULT_PORT,
      host: raw.host ?? DEFAULT_HOST,
      log: Object.freeze({ format: raw.log?.format ?? "json", level: raw.log?.level ?? "info" }),
      trustedProxies: Object.freeze([...(raw.trusted_proxies ?? [])]),
      drainMs: raw.drain_ms ?? limits.drain_ms.default,
      limits: resolveServerLimits((raw.limits ?? {}) as LimitValues),
      apps: Object.freeze(apps),
    });
  }

  #app(raw: RawApp, path: Path, defaults: LimitValues): AppConfig {
    const hostnames = this.#hostnames(raw, path);
    const name = raw.name ?? hostnames[0] ?? (raw.default === true ? "default" : "");
    if (name === "") this.#add(path, "this app has neither a name nor a hostname", 'add "hostname": "app.example.com"');
    else this.#claim(this.#claims.names, name, [...path, raw.name === undefined ? "hostname" : "name"], "the name");
    // A name that is a hostname serves that host.
    const inherited = hostnames.length === 0 && raw.name !== undefined && raw.default !== true ? parseHostPattern(raw.name) : null;
    if (hostnames.length === 0 && inherited === null && raw.default !== true) this.#add([...path, "name"], "the name is no hostname, so the app needs one", 'add "hostname": "app.example.com", or "default": true');
    if (inherited !== null) this.#claim(this.#claims.hosts, inherited, [...path, "name"], "the hostname");
    if (raw.default === true) {
      if (this.#claims.defaultApp !== null) this.#add([...path, "default"], `${this.#claims.defaultApp} is the default already`, "only one app can be");
      this.#claims.defaultApp = name;
    }
    return Object.freeze({
      name,
      hostnames: Object.freeze(inherited === null ? hostnames : [inherited]),
      isDefault: raw.default === true,
      path: resolve(this.#folder, raw.path),
      env: this.#env((raw.env ?? {}) as Record<string, Json>, [...path, "env"]),
      limits: resolveAppLimits(this.#layer(raw, path), defaults),
      fallback: raw.fallback ?? null,
      egressAllow: Object.freeze([...(raw.egress?.allow ?? [])]),
      watch: raw.watch ?? false,
    });
  }

  #hostnames(raw: RawApp, path: Path): readonly string[] {
    if (raw.hostname !== undefined && raw.hostnames !== undefined) this.#add([...path, "hostnames"], "hostname and hostnames are both there", "keep one of them");
    const given = raw.hostnames ?? (raw.hostname === undefined ? [] : [raw.hostname]);
    const at = (i: number): Path => (raw.hostnames === undefined ? [...path, "hostname"] : [...path, "hostnames", i]);
    return given.flatMap((text, i) => {
      const host = parseHostPattern(text);
      if (host === null) {
        this.#add(at(i), `${JSON.stringify(text)} is no hostname`, 'write a name such as "app.example.com", "*.example.com" or "[::1]", without scheme, port and path');
        return [];
      }
      this.#claim(this.#claims.hosts, host, at(i), "the hostname");
      return [host];
    });
  }

  #claim(taken: Map<string, string>, what: string, path: Path, kind: string): void {
    const place = this.#document.problem(path, "");
    const other = taken.get(what);
    if (other !== undefined) this.#add(path, `${kind} ${what} is taken already (${other})`, "every app needs its own");
    else taken.set(what, `line ${place.line}, ${place.field}`);
  }

  /** The older names beside `limits`, merged into it. */
  #layer(raw: { readonly timeout_ms?: number | undefined; readonly memory_mb?: number | undefined; readonly max_buffer_size_mb?: number | undefined; readonly limits?: unknown }, path: Path): LimitValues {
    const values = { ...(raw.limits as LimitValues | undefined) } as Record<string, number | undefined>;
    for (const [older, key] of [["timeout_ms", "cpu_ms"], ["memory_mb", "memory_mb"], ["max_buffer_size_mb", "max_buffer_size_mb"]] as const) {
      const value = raw[older];
      if (value === undefined) continue;
      if (values[key] !== undefined && values[key] !== value) this.#add([...path, older], `${older} is ${value}, but limits.${key} is ${values[key]}`, "they are the same limit: keep one");
      values[key] = value;
    }
    return values as LimitValues;
  }

  #env(env: Record<string, Json>, path: Path): Readonly<Record<string, Json>> {
    const names = Object.keys(env);
    if (names.length > limits.env_count.default) this.#add(path, `there are ${names.length} variables`, `at most ${limits.env_count.default} fit`);
    let total = 0;
    for (const name of names) {
      const value = env[name];
      const bytes = new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)).byteLength;
      total += bytes + name.length;
      if (bytes > limits.env_value_kb.default << 10) this.#add([...path, name], `the value of ${name} has ${bytes} bytes`, `at most ${limits.env_value_kb.default << 10} fit`);
      if (!/^[A-Za-z_$][\w$.-]{0,127}$/.test(name)) this.#add([...path, name], `${JSON.stringify(name)} is no name for a variable`, "use letters, digits and _");
    }
    if (total > limits.env_total_kb.default << 10) this.#add(path, `the variables have ${total} bytes in all`, `at most ${limits.env_total_kb.default << 10} fit`);
    return Object.freeze(env);
  }

  #add(path: Path, message: string, hint: string): void {
    this.problems.push(this.#document.problem(path, message, { hint }));
  }
}

function isAddressOrRange(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
