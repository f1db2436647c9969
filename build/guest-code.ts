/**
 * The guest's code: one script for the base snapshot, and one function for each lazy room. A lazy room has only the modules that nobody before it has: the others'
 * values it takes by number from a list, which the base and earlier rooms fill with just what is asked of them.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BunPlugin } from "bun";
import { LAZY_ROOMS } from "../src/web/lazy-rooms.ts";
import { captureStreams } from "./capture-streams.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WEB = fileURLToPath(new URL("../src/web/", import.meta.url));
const BASE_ENTRY = fileURLToPath(new URL("../src/bindings/guest.ts", import.meta.url));
const ROOMS_MODULE = `${WEB}infra/guest/rooms.ts`;

export interface GuestCode {
  readonly base: string;
  /** In the order of the catalogue. */
  readonly rooms: readonly string[];
}

/** What is taken from modules of others: path → names. */
type Wants = Map<string, Set<string>>;

interface Built {
  readonly code: string;
  readonly modules: readonly string[];
}

/** Names are kept: `fn.name` and class names are visible to apps. */
async function bundle(name: string, entry: string, format: "iife" | "esm", isElsewhere: (path: string) => boolean): Promise<Built> {
  const sharing: BunPlugin = {
    name: "shared-modules",
    setup(builder) {
      builder.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        if (kind.startsWith("entry-point")) return { path: name, namespace: ENTRY };
        const found = path.startsWith(".") ? resolve(dirname(importer), path) : path.startsWith("/") ? path : Bun.resolveSync(path, importer.startsWith("/") ? dirname(importer) : ROOT);
        return isElsewhere(found) ? { path: SHARED + found, external: true } : { path: found };
      });
      builder.onLoad({ filter: /.*/, namespace: ENTRY }, () => ({ contents: entry, loader: "js" }));
    },
  };
  const built = await Bun.build({
    entrypoints: [name],
    target: "browser",
    format,
    minify: { whitespace: true, syntax: true, identifiers: false },
    env: "disable",
    metafile: true,
    plugins: [sharing, captureStreams],
  });
  if (!built.success || built.outputs[0] === undefined) throw new AggregateError(built.logs, `the guest code of ${name} does not build`);
  const modules = Object.keys(built.metafile?.inputs ?? {}).filter((path) => !path.startsWith(`${ENTRY}:`)).map((path) => resolve(ROOT, path));
  return { code: await built.outputs[0].text(), modules };
}

const ENTRY = "guest-entry";
const SHARED = "shared:";
const IMPORT = /import(?:\s*\{([^}]*)\}\s*from)?\s*"shared:([^"]+)";?/g;

/** The names that ESM `code` imports from modules that live elsewhere. */
function wantsOf(code: string): Wants {
  const wants: Wants = new Map();
  for (const [, names = "", path = ""] of code.matchAll(IMPORT)) {
    const known = wants.get(path) ?? new Set();
    for (const { imported } of bindings(names)) known.add(imported);
    wants.set(path, known);
  }
  if (/\bimport\b[^(.;]*"shared:/.test(code.replace(IMPORT, ""))) throw new Error("a lazy room imports a module of another by default or as a namespace: import names");
  return wants;
}

const bindings = (names: string) =>
  names
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [imported = "", local = imported] = part.split(/\s+as\s+/);
      return { imported, local };
    });

const exportsOf = async (path: string): Promise<readonly string[]> => new Bun.Transpiler({ loader: path.endsWith(".ts") ? "ts" : "js" }).scan(await Bun.file(path).text()).exports;
const quoted = (text: string): string => JSON.stringify(text);

/** Numbers for shared values: those of the base first, then those of each room. */
class Numbering {
  readonly #numbers = new Map<string, number>();
  /** The number of the first of `wants`, which get numbers in a row. */
  add(wants: Wants): number {
    const first = this.#numbers.size;
    for (const [path, names] of wants) for (const name of names) this.#numbers.set(`${path}#${name}`, this.#numbers.size);
    return first;
  }
  of(path: string, name: string): number {
    const number = this.#numbers.get(`${path}#${name}`);
    if (number === undefined) throw new Error(`${name} of ${path} is not shared`);
    return number;
  }
}

/** Imports of the modules in `wants` under names that clash with nothing, and the list of those names. */
function importsOf(wants: Wants, prefix: string): { readonly imports: string; readonly list: string } {
  const lines: string[] = [];
  const list: string[] = [];
  for (const [path, names] of wants) {
    const parts = [...names].map((name) => {
      list.push(`${prefix}${list.length}`);
      return `${name} as ${list.at(-1)}`;
    });
    lines.push(`import { ${parts.join(", ")} } from ${quoted(path)};`);
  }
  return { imports: lines.join("\n"), list: list.join(", ") };
}

const sorted = (wants: Wants): Wants => new Map([...wants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, names]) => [path, new Set([...names].sort())]));

export async function bundleGuest(): Promise<GuestCode> {
  const owner = new Map<string, number>();
  const BASE = -1;
  const alone = await bundle("base", `import ${quoted(BASE_ENTRY)};`, "iife", () => false);
  for (const path of alone.modules) owner.set(path, BASE);

  /** What each room must give to later ones; known once those have been built, so rooms are built until nothing new turns up. */
  let given: readonly Wants[] = LAZY_ROOMS.map(() => new Map());
  let codes: string[] = [];
  for (let isSettled = false; !isSettled; ) {
    codes = [];
    for (const [index, { name, entry }] of LAZY_ROOMS.entries()) {
      const path = WEB + entry;
      const exports = await exportsOf(path);
      const { imports, list } = importsOf(given[index] as Wants, "$given");
      const source = `import { ${exports.join(", ")} } from ${quoted(path)};\n${imports}\n__give({ __proto__: null, ${exports.join(", ")} }, __from, [${list}]);`;
      const { code, modules } = await bundle(name, source, "esm", (path) => (owner.get(path) ?? index) !== index);
      for (const module of modules) if (!owner.has(module)) owner.set(module, index);
      codes.push(code);
    }
    const found: Wants[] = LAZY_ROOMS.map(() => new Map());
    for (const code of codes)
      for (const [path, names] of wantsOf(code)) {
        const from = found[owner.get(path) ?? BASE];
        if (from !== undefined) from.set(path, new Set([...(from.get(path) ?? []), ...names]));
      }
    const next = found.map(sorted);
    isSettled = next.every((wants, i) => same(wants, given[i] as Wants));
    given = next;
  }

  const ofBase: Wants = new Map();
  for (const code of codes)
    for (const [path, names] of wantsOf(code)) if (owner.get(path) === BASE) ofBase.set(path, new Set([...(ofBase.get(path) ?? []), ...names]));
  const numbering = new Numbering();
  const shared = sorted(ofBase);
  numbering.add(shared);
  const firsts = given.map((wants) => numbering.add(wants));

  const { imports, list } = importsOf(shared, "$shared");
  const base = await bundle("base", `import ${quoted(BASE_ENTRY)};\nimport { share } from ${quoted(ROOMS_MODULE)};\n${imports}\nshare([${list}]);`, "iife", () => false);
  return { base: base.code, rooms: codes.map((code, index) => roomFunction(code, owner, numbering, firsts[index] as number)) };
}

const same = (a: Wants, b: Wants): boolean => a.size === b.size && [...a].every(([path, names]) => [...names].join() === [...(b.get(path) ?? [])].join());

/** One expression, a function as `infra/guest/rooms.ts` calls it: first it loads the rooms it takes values from. */
function roomFunction(code: string, owner: ReadonlyMap<string, number>, numbering: Numbering, first: number): string {
  const rooms = new Set<number>();
  const taken: string[] = [];
  for (const [, names = "", path = ""] of code.matchAll(IMPORT)) {
    const room = owner.get(path) as number;
    if (room >= 0) rooms.add(room);
    for (const { imported, local } of bindings(names)) taken.push(`${local}=__shared[${numbering.of(path, imported)}]`);
  }
  const loads = [...rooms].sort((a, b) => a - b).map((room) => `__load(${room});`);
  const body = code.replace(IMPORT, "").replaceAll("__from", String(first)).trim();
  return `(function(__shared,__load,__give){"use strict";${loads.join("")}${taken.length === 0 ? "" : `const ${taken.join(",")};`}${body}\n})`;
}
