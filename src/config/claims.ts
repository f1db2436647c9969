/** What apps may not have in common, and what keys of one app may not say together. Works on whatever of the config is well formed, so that these faults are told along with those of the shape. */
import { parseHostPattern } from "../base/host-name.ts";
import { suggest } from "../base/suggestion.ts";
import { type Problem, problem } from "../errors.ts";
import { type LimitKey, limits, olderNames } from "../limits.ts";
import type { Document, Path } from "./positions.ts";
import { appSchema, FOREIGN_KEYS } from "./schema.ts";

type Loose = Readonly<Record<string, unknown>>;

/** Limits under their current names, with the path that said so. */
type SaidLimits = ReadonlyMap<LimitKey, { readonly value: number; readonly path: Path }>;

/** Keys that are limits although they stand outside `limits`. */
const SHORTHANDS = ["timeout_ms", "memory_mb", "max_buffer_size_mb"] as const;

export function claimProblems(document: Document): Problem[] {
  const claims = new Claims(document);
  const { apps, defaults } = document.value as Loose;
  const standard = claims.limitsOf(looseOf(defaults), ["defaults"]);
  const list = Array.isArray(apps) ? (apps as readonly unknown[]) : [];
  for (const [i, app] of list.entries()) if (isLoose(app)) claims.checkApp(app, ["apps", i], standard, list.length === 1);
  return claims.problems;
}

class Claims {
  readonly problems: Problem[] = [];
  readonly #document: Document;
  /** Who said it first. The text that names the place is made when somebody says it again. */
  readonly #names = new Map<string, Path>();
  readonly #hosts = new Map<string, Path>();
  #defaultApp: string | null = null;

  constructor(document: Document) {
    this.#document = document;
  }

  checkApp(app: Loose, path: Path, defaults: SaidLimits, isAlone: boolean): void {
    this.#checkIdentity(app, path, isAlone);
    if (app["default"] === true) {
      if (this.#defaultApp !== null) this.problems.push(this.#document.problem("default_twice", { place: this.#defaultApp }, [...path, "default"]));
      this.#defaultApp ??= this.#document.nameOf([...path, "default"]);
    }
    this.#checkBuffer(this.limitsOf(app, path), defaults, path);
  }

  #checkIdentity(app: Loose, path: Path, isAlone: boolean): void {
    const { name, hostname, hostnames } = app;
    if (hostname !== undefined && hostnames !== undefined) this.problems.push(this.#document.problem("hostname_and_hostnames", undefined, [...path, "hostnames"], { ofKey: true }));
    const said: [unknown, Path][] = Array.isArray(hostnames) ? hostnames.map((host, i) => [host, [...path, "hostnames", i]]) : hostname === undefined ? [] : [[hostname, [...path, "hostname"]]];
    if (said.length === 0 && typeof name === "string") said.push([name, [...path, "name"]]);
    const hosts = said.flatMap(([host, at]) => {
      const canonical = typeof host === "string" ? parseHostPattern(host) : null;
      return canonical === null ? [] : [[canonical, at] as const];
    });
    for (const [host, at] of hosts) this.#claim(this.#hosts, host, at, (place) => this.#document.problem("hostname_taken", { host, place }, at));
    const [first] = hosts;
    if (typeof name === "string") this.#claim(this.#names, name, [...path, "name"], (place) => this.#document.problem("name_taken", { name, place }, [...path, "name"]));
    else if (first !== undefined) this.#claim(this.#names, first[0], first[1], (place, path) => this.#hosts.get(first[0]) === path ? null : this.#document.problem("name_taken", { name: first[0], place }, first[1]));
    const isNamed = hostname !== undefined || hostnames !== undefined || hosts.length > 0 || (name !== undefined && typeof name !== "string");
    if (isNamed || isAlone || app["default"] === true || mayBeMisnamed(app)) return;
    this.problems.push(this.#document.problem("hostname_needed", { name: typeof name === "string" ? name : null }, typeof name === "string" ? [...path, "name"] : path));
  }

  #claim(taken: Map<string, Path>, what: string, path: Path, tell: (place: string, path: Path) => Problem | null): void {
    const first = taken.get(what);
    if (first === undefined) {
      taken.set(what, path);
      return;
    }
    const told = tell(this.#document.nameOf(first), first);
    if (told !== null) this.problems.push(told);
  }

  /** What `holder` says about limits, by whichever name. Two different values for one limit are a problem. */
  limitsOf(holder: Loose, path: Path): SaidLimits {
    const said = new Map<LimitKey, { value: number; path: Path; name: string }>();
    const named = looseOf(holder["limits"]);
    const all: [string, unknown, Path, string][] = [
      ...Object.keys(named).map((key): [string, unknown, Path, string] => [key, named[key], [...path, "limits", key], `limits.${key}`]),
      ...SHORTHANDS.map((key): [string, unknown, Path, string] => [key, holder[key], [...path, key], key]),
    ];
    for (const [key, value, at, name] of all) {
      if (typeof value !== "number") continue;
      const current = Object.hasOwn(olderNames, key) ? olderNames[key as keyof typeof olderNames] : (key as LimitKey);
      const other = said.get(current);
      if (other !== undefined && other.value !== value) this.problems.push(this.#document.problem("limit_twice", { name, value, other: other.name, otherValue: other.value }, at));
      said.set(current, { value, path: at, name });
    }
    return said;
  }

  #checkBuffer(own: SaidLimits, defaults: SaidLimits, path: Path): void {
    const buffer = own.get("max_buffer_size_mb") ?? defaults.get("max_buffer_size_mb");
    if (buffer === undefined) return;
    const memory = own.get("memory_mb") ?? defaults.get("memory_mb");
    const memoryMb = memory?.value ?? limits.memory_mb.default;
    // Past its own ceiling it is told already.
    if (buffer.value <= memoryMb || buffer.value > limits.max_buffer_size_mb.most) return;
    const at = own.has("max_buffer_size_mb") ? buffer.path : own.has("memory_mb") ? (memory?.path ?? path) : path;
    this.problems.push(problem("buffer_above_memory", { buffer: buffer.value, memory: memoryMb }, this.#document.place(at)));
  }
}

/** A mistyped key is told as such; that nothing stands under the right one need not be told as well. */
function mayBeMisnamed(app: Loose): boolean {
  return Object.keys(app).some((key) => !Object.hasOwn(appSchema.entries, key) && (suggest(key, ["hostname", "hostnames"]) ?? FOREIGN_KEYS[key] ?? "").startsWith("hostname"));
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function looseOf(value: unknown): Loose {
  return isLoose(value) ? value : {};
}
