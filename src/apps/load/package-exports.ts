/**
 * `exports` and `imports` of a package.json: which file a subpath names. https://nodejs.org/api/esm.html#resolution-algorithm-specification
 * Written out because the app brings the package.json: matching must stay linear in it, and libraries turn its keys into regular expressions.
 */

export type Conditions = ReadonlySet<string>;

/** The target of `subpath` ("." or "./x") in an `exports` field, as the package wrote it. Null when the package does not export it. */
export function packageExport(exports: unknown, subpath: string, conditions: Conditions): string | null {
  const isSubpathMap = isMap(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  return match(isSubpathMap ? exports : { ".": exports }, subpath, conditions, (target) => target.startsWith("./") && !escapes(target));
}

/** The target of `specifier` ("#x") in an `imports` field: a file of the package or the name of another package. */
export function packageImport(imports: unknown, specifier: string, conditions: Conditions): string | null {
  return isMap(imports) ? match(imports, specifier, conditions, (target) => (target.startsWith("./") ? !escapes(target) : !target.startsWith("."))) : null;
}

type Map = Readonly<Record<string, unknown>>;

function match(map: Map, key: string, conditions: Conditions, isAllowed: (target: string) => boolean): string | null {
  if (Object.hasOwn(map, key) && !key.includes("*")) return target(map[key], "", conditions, isAllowed);
  // The longest prefix wins: https://nodejs.org/api/esm.html#resolution-algorithm-specification (PATTERN_KEY_COMPARE).
  let best: { readonly pattern: string; readonly prefix: string; readonly matched: string } | null = null;
  for (const pattern of Object.keys(map)) {
    const star = pattern.indexOf("*");
    if (star === -1 || pattern.includes("*", star + 1)) continue;
    const prefix = pattern.slice(0, star);
    const suffix = pattern.slice(star + 1);
    if (key.length < pattern.length || !key.startsWith(prefix) || !key.endsWith(suffix)) continue;
    if (best !== null && (prefix.length < best.prefix.length || (prefix.length === best.prefix.length && pattern.length <= best.pattern.length))) continue;
    best = { pattern, prefix, matched: key.slice(prefix.length, key.length - suffix.length) };
  }
  return best === null ? null : target(map[best.pattern], best.matched, conditions, isAllowed);
}

function target(value: unknown, matched: string, conditions: Conditions, isAllowed: (target: string) => boolean): string | null {
  if (typeof value === "string") {
    const filled = value.split("*").join(matched);
    return isAllowed(filled) ? filled : null;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = target(item, matched, conditions, isAllowed);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isMap(value)) return null;
  for (const [condition, item] of Object.entries(value)) {
    if (!conditions.has(condition)) continue;
    const found = target(item, matched, conditions, isAllowed);
    if (found !== null) return found;
    // An explicit null closes the subpath; a branch without a match falls through to the next condition.
    if (item === null) return null;
  }
  return null;
}

function escapes(path: string): boolean {
  return path.slice(2).split(/[/\\]/).some((segment) => segment === ".." || segment === "." || segment === "node_modules");
}

function isMap(value: unknown): value is Map {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
