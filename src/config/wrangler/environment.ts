/** One environment of a wrangler file: what it says itself, and what it has from the top level. */
import { suggest } from "../../base/suggestion.ts";
import { type Problem, problem } from "../../errors.ts";
import type { Path } from "../positions.ts";
import { quoted } from "../positions.ts";
import { environmentKeys, wranglerKeys } from "./keys.ts";
import { isLoose, type Loose, type PlacedData } from "./placed-data.ts";

export class WranglerEnvironment {
  /** Null: the top level. */
  readonly name: string | null;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #data: PlacedData;
  readonly #top: Loose;
  readonly #own: Loose;

  constructor(data: PlacedData, name: string | null) {
    this.name = name;
    this.#data = data;
    this.#top = isLoose(data.value) ? data.value : {};
    const environments = this.#top["env"] ?? {};
    const isRight = isLoose(environments) && Object.values(environments).every(isLoose);
    if (!isRight) this.problems.push(this.problem("must be an object of environments, each an object", undefined, ["env"]));
    const all = isRight ? (environments as Record<string, Loose>) : {};
    this.#own = name === null ? this.#top : (all[name] ?? {});
    if (name !== null && isRight && !Object.hasOwn(all, name)) this.#tellMissing(name, Object.keys(all));
    this.#checkKeys(this.#top, []);
    for (const one of Object.keys(all)) this.#checkKeys(all[one] as Loose, ["env", one]);
    if (name !== null) this.#tellNotInherited();
  }

  /** What holds for `key`, with where it stands; undefined when nobody says it. */
  get(key: string): { readonly value: unknown; readonly path: Path } | undefined {
    const scope = wranglerKeys[key]?.scope;
    if (scope !== "top" && this.#own[key] !== undefined) return { value: this.#own[key], path: this.name === null ? [key] : ["env", this.name, key] };
    return scope === "own" || this.#top[key] === undefined ? undefined : { value: this.#top[key], path: [key] };
  }

  /** The same, for a value of one kind; another one is a problem. */
  text(key: string): { readonly value: string; readonly path: Path } | undefined {
    return this.#ofKind(key, (value) => typeof value === "string" && value !== "", "must be a string");
  }

  object(key: string): { readonly value: Loose; readonly path: Path } | undefined {
    return this.#ofKind(key, isLoose, "must be a table");
  }

  list(key: string): { readonly value: readonly unknown[]; readonly path: Path } | undefined {
    return this.#ofKind(key, Array.isArray, "must be a list");
  }

  problem(message: string, hint: string | undefined, path: Path, isAboutKey = false): Problem {
    return problem("value_wrong", { fault: message, hint }, this.#data.place(path, { ofKey: isAboutKey }));
  }

  lineOf(path: Path): number | undefined {
    return this.#data.place(path).line;
  }

  #ofKind<T>(key: string, isRight: (value: unknown) => boolean, fault: string): { readonly value: T; readonly path: Path } | undefined {
    const found = this.get(key);
    if (found === undefined) return undefined;
    if (isRight(found.value)) return found as { readonly value: T; readonly path: Path };
    this.problems.push(this.problem(fault, undefined, found.path));
    return undefined;
  }

  #tellMissing(name: string, known: readonly string[]): void {
    const near = suggest(name, known);
    const hint = known.length === 0 ? "the file has no environments: leave --env out" : near === undefined ? `there are: ${known.join(", ")}` : `did you mean ${near}?`;
    this.problems.push(this.problem(`there is no environment ${quoted(name)}`, hint, known.length === 0 ? [] : ["env"], true));
  }

  #checkKeys(holder: Loose, path: Path): void {
    const known = path.length === 0 ? Object.keys(wranglerKeys) : environmentKeys;
    for (const key of Object.keys(holder)) {
      if (known.includes(key)) continue;
      const near = suggest(key, known);
      const isMisplaced = Object.hasOwn(wranglerKeys, key);
      const hint = isMisplaced ? "it belongs to the top level" : near === undefined ? "wrangler has no such key that nano knows of: it changes nothing here" : `did you mean ${near}?`;
      this.warnings.push(this.problem(`there is no key ${quoted(key)}${isMisplaced ? " in an environment" : ""}`, hint, [...path, key], true));
    }
  }

  /** https://developers.cloudflare.com/workers/wrangler/configuration/#non-inheritable-keys */
  #tellNotInherited(): void {
    const names = Object.keys(this.#top).filter((key) => wranglerKeys[key]?.scope === "own" && this.#own[key] === undefined);
    if (names.length > 0) this.warnings.push(this.problem(`env.${this.name} does not have ${names.join(", ")} of the top level: environments do not inherit ${names.length === 1 ? "it" : "them"}`, "say it in the environment as well, if the app needs it there", ["env", this.name as string], true));
  }
}
