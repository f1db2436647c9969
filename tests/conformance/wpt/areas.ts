/** Which folders of web-platform-tests make up which area, and which files are left out because no server runtime can pass them. Also left out: files for windows only. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { parseMeta } from "./meta.ts";

export const AREAS: Readonly<Record<string, string>> = {
  streams: "streams",
  url: "url",
  urlpattern: "urlpattern",
  encoding: "encoding",
  compression: "compression",
  "fetch/headers": "fetch/api/headers",
  "fetch/request": "fetch/api/request",
  "fetch/response": "fetch/api/response",
  "fetch/body": "fetch/api/body",
  "fetch/basic": "fetch/api/basic",
  "fetch/abort": "fetch/api/abort",
  "fetch/redirect": "fetch/api/redirect",
  "fetch/idl": "fetch/api/idlharness.any.js",
  FileAPI: "FileAPI",
  formdata: "xhr/formdata",
  WebCryptoAPI: "WebCryptoAPI",
  "dom/abort": "dom/abort",
  "dom/events": "dom/events",
  "html/atob": "html/webappapis/atob",
  "html/timers": "html/webappapis/timers",
  "html/microtask": "html/webappapis/microtask-queuing",
  "html/structured-clone": "html/webappapis/structured-clone",
  "html/scripting": "html/webappapis/scripting",
  "hr-time": "hr-time",
  "user-timing": "user-timing",
  "performance-timeline": "performance-timeline",
  console: "console",
  webidl: "webidl",
  mimesniff: "mimesniff",
};
/** Not in totals and means. */
export const OPTIONAL_AREAS: readonly string[] = ["mimesniff"];

const EXCLUDED: readonly (readonly [RegExp, string])[] = [
  [/\.h2\.any\.js$/, "HTTP/2 only"],
  [/(^|\/)crashtests\//, "no results"],
  [/-shadowrealm/, "ShadowRealm"],
  [/url-with-xhr|\/(?:replacement|unsupported)-encodings/, "XMLHttpRequest only"],
  [/WebCryptoAPI\/historical/, "wants an insecure context"],
  [/javascript-agent-formalism/, "wants Worker; its names depend on the global's class"],
];

export interface TestFile {
  /** Path and variant. */
  readonly id: string;
  readonly area: string;
  readonly file: string;
  readonly variant: string;
  readonly isLong: boolean;
}

export function listTests(wpt: string, areas: readonly string[]): TestFile[] {
  return areas.flatMap((area) => [...walk(wpt, AREAS[area] as string)].flatMap((file) => testsOf(wpt, area, file)));
}

function testsOf(wpt: string, area: string, file: string): TestFile[] {
  if (EXCLUDED.some(([pattern]) => pattern.test(file))) return [];
  const meta = parseMeta(readFileSync(join(wpt, file), "utf8"));
  if (file.endsWith(".any.js") && !isForWorkers(meta.globals)) return [];
  const variants = meta.variants.filter((variant) => !/^\?(?:wss$|wpt_flags=h2)/.test(variant));
  return (variants.length === 0 ? [""] : variants).map((variant) => ({ id: file + variant, area, file, variant, isLong: meta.isLong }));
}

const isForWorkers = (globals: readonly string[] | null): boolean => globals === null || globals.some((name) => ["worker", "dedicatedworker", "jsshell"].includes(name));

function* walk(root: string, path: string): Generator<string> {
  const full = join(root, path);
  if (!existsSync(full)) return;
  if (statSync(full).isFile()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(full, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* walk(root, posix.join(path, entry.name));
    else if (/\.(?:any|worker)\.js$/.test(entry.name)) yield posix.join(path, entry.name);
  }
}
