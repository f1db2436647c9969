/** Makes one self-contained app of one test: a .any.js or .worker.js file and a variant of it. */
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { toModuleScript } from "./classic-script.ts";
import { parseMeta, type ServerPlace, substitute } from "./meta.ts";

const ENVIRONMENT = readFileSync(new URL("./environment.js", import.meta.url), "utf8");
const IDL_HARNESS = "resources/idlharness.js";

export interface TestAppOptions {
  readonly wpt: string;
  readonly file: string;
  readonly variant: string;
  readonly server: ServerPlace;
  /** After which the app reports what it has. */
  readonly deadlineMs: number;
}

export function createTestApp({ wpt, file, variant, server, deadlineMs }: TestAppOptions): string {
  const read = (path: string): string => {
    const text = readFileSync(join(wpt, path), "utf8");
    return path.includes(".sub.") ? substitute(text, server) : text;
  };
  let source = read(file);
  const { scripts, title } = parseMeta(source);
  if (file.endsWith(".worker.js"))
    source = source.replace(/^\s*importScripts\(([^)]*)\);?/gm, (_all: string, list: string) => {
      scripts.push(...[...list.matchAll(/["']([^"']+)["']/g)].map((match) => match[1] as string).filter((path) => path !== "/resources/testharness.js"));
      return "";
    });
  const isIdl = scripts.includes(`/${IDL_HARNESS}`);
  const parts = scripts.map((reference) => {
    const path = scriptPath(file, reference);
    return path === IDL_HARNESS ? patchIdlHarness(read(path)) : read(path);
  });
  const rewritten = [...parts, source].map(toModuleScript);
  const declared = new Set(rewritten.flatMap((script) => [...script.declared]));
  const assigned = new Set(rewritten.flatMap((script) => [...script.assigned]));
  const url = new URL(`http://${server.host}:${server.ports[0]}/${file.replace(/\.any\.js$/, ".any.worker.js")}${variant}`);
  const { href, origin, protocol, host, hostname, port, pathname, search, hash } = url;
  const settings = {
    url: href,
    location: { href, origin, protocol, host, hostname, port, pathname, search, hash },
    title,
    deadline: deadlineMs,
    implicitGlobals: [...assigned].filter((name) => !declared.has(name)),
    relativeUrls: !isIdl,
  };
  return [
    `const __cfg = ${JSON.stringify(settings)};`,
    ENVIRONMENT,
    `function __harness() {\n${patchHarness(read("resources/testharness.js"))}\n}`,
    `function __test() {\n${isIdl ? evalTable(source) : ""}${rewritten.map((script) => script.code).join("\n;\n")}\n}\n`,
  ].join("\n");
}

function scriptPath(testPath: string, reference: string): string {
  const path = reference.split("?")[0] as string;
  if (path === "/resources/WebIDLParser.js") return "resources/webidl2/lib/webidl2.js";
  return path.startsWith("/") ? path.slice(1) : posix.join(posix.dirname(testPath), path);
}

function replaceOnce(text: string, was: string, is: string): string {
  if (!text.includes(was)) throw new Error(`this version of web-platform-tests has no ${was}`);
  return text.replace(was, () => is);
}

const patchHarness = (text: string): string =>
  replaceOnce(
    replaceOnce(text, "function create_test_environment() {", "function create_test_environment() { return new ShellTestEnvironment();"),
    "var tests = new Tests();",
    "var tests = new Tests(); globalThis.__wptTests = tests;",
  );

/** The global is always a dedicated worker's; eval() of expressions becomes a table; IDL files come by absolute URL, so that fetch stays as it is. */
function patchIdlHarness(text: string): string {
  const exposed = replaceOnce(text, "function exposed_in(globals) {", 'function exposed_in(globals) { return globals === "*" || globals.has("DedicatedWorker");');
  const located = replaceOnce(exposed, "var url = '/interfaces/'", "var url = location.origin + '/interfaces/'");
  return `${replaceOnce(located, "obj = eval(desc);", "obj = __wptEval(desc);")}\n;globalThis.fetch_spec = fetch_spec;\n`;
}

/** Every string of the test that is an expression, as a function. */
function evalTable(source: string): string {
  const texts = [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g)].map((match) => (match[1] ?? match[2] ?? "").replace(/\\(['"])/g, "$1"));
  const entries = [...new Set(texts)].filter(isExpression).map((text) => `${JSON.stringify(text)}: () => (${text})`);
  return `const __wptTable = {__proto__: null, ${entries.join(",\n")}};\nfunction __wptEval(text) { if (!(text in __wptTable)) throw new Error("no eval: " + text); return __wptTable[text](); }\n`;
}

function isExpression(text: string): boolean {
  if (!/^[\w$(]/.test(text)) return false;
  try {
    new Function(`"use strict"; return (${text});`);
    return true;
  } catch {
    return false;
  }
}
