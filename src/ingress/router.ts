/** Which app serves a host. A table is built once and never edited: a reload builds another and swaps it in whole. */
import { parseHostPattern } from "../base/host-name.ts";

export interface Route<App> {
  readonly app: App;
  /** Exact hostnames, and `*.suffix` for every name below the suffix at any depth (not the suffix itself). */
  readonly hosts: readonly string[];
  /** Serves every host that no route names. At most one. */
  readonly isDefault?: boolean;
}

export class Router<App> {
  readonly #exact: ReadonlyMap<string, App>;
  /** Keyed by suffix, without `*.`. */
  readonly #wildcard: ReadonlyMap<string, App>;
  readonly #fallback: App | null;

  private constructor(exact: ReadonlyMap<string, App>, wildcard: ReadonlyMap<string, App>, fallback: App | null) {
    this.#exact = exact;
    this.#wildcard = wildcard;
    this.#fallback = fallback;
  }

  /** Throws RangeError for a host that is none, a host claimed twice, or a second default: configuration is checked before it gets here. */
  static from<App>(routes: Iterable<Route<App>>): Router<App> {
    const exact = new Map<string, App>();
    const wildcard = new Map<string, App>();
    let fallback: App | null = null;
    for (const { app, hosts, isDefault } of routes) {
      for (const host of hosts) {
        const pattern = parseHostPattern(host);
        if (pattern === null) throw new RangeError(`not a hostname: ${host}`);
        const isWildcard = pattern.startsWith("*.");
        const table = isWildcard ? wildcard : exact;
        const key = isWildcard ? pattern.slice(2) : pattern;
        if (table.has(key)) throw new RangeError(`hostname claimed twice: ${pattern}`);
        table.set(key, app);
      }
      if (isDefault !== true) continue;
      if (fallback !== null) throw new RangeError("two default apps");
      fallback = app;
    }
    return new Router(exact, wildcard, fallback);
  }

  /** `host` is canonical (`parseHostName`). An exact name wins over a wildcard, a longer suffix over a shorter one. */
  find(host: string): App | null {
    return this.#named(host) ?? this.#fallback;
  }

  /** A route names `host`, which is canonical. */
  names(host: string): boolean {
    return this.#named(host) !== undefined;
  }

  #named(host: string): App | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined || this.#wildcard.size === 0) return exact;
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      const app = this.#wildcard.get(host.slice(dot + 1));
      if (app !== undefined) return app;
    }
    return undefined;
  }
}
