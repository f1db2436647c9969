/** Globals of Node for apps that ask for them (`build.node_globals`): a module that runs before the app's own puts those on `globalThis` that any module of the app mentions. */

const GLOBALS = {
  process: { mentioned: /(?<![.\w$"'`])process\s*(?:\?\.|\[|\.(?!\s*env\s*\.\s*NODE_ENV\b)\s*[a-zA-Z])|globalThis\??\.process\b/, from: "process", name: "default" },
  Buffer: { mentioned: /(?<![.\w$"'`])Buffer\s*(?:\(|\[|\?\.|\.\s*[a-zA-Z])|\binstanceof\s+Buffer\b|globalThis\??\.Buffer\b/, from: "buffer", name: "Buffer" },
  setImmediate: { mentioned: /(?<![.\w$"'`])setImmediate\b/, from: "timers", name: "setImmediate" },
  clearImmediate: { mentioned: /(?<![.\w$"'`])clearImmediate\b/, from: "timers", name: "clearImmediate" },
} as const;

/** Needs no module. */
const GLOBAL = /(?<![.\w$"'`-])global\b/;

export type NodeGlobal = keyof typeof GLOBALS | "global";

export function nodeGlobalsIn(source: string): readonly NodeGlobal[] {
  const found: NodeGlobal[] = (Object.keys(GLOBALS) as (keyof typeof GLOBALS)[]).filter((name) => GLOBALS[name].mentioned.test(source));
  return GLOBAL.test(source) ? [...found, "global"] : found;
}

/** `names` are those that are wanted. */
export function nodeGlobalsModule(names: ReadonlySet<NodeGlobal>): string {
  const imports = [...names].flatMap((name) => (name === "global" ? [] : [`import { ${GLOBALS[name].name} as ${name} } from "node:${GLOBALS[name].from}";\n`]));
  return `${imports.join("")}Object.assign(globalThis, { ${[...names].map((name) => (name === "global" ? "global: globalThis" : name)).join(", ")} });\n`;
}

/** What a module must say to have a default export, in whatever form. */
const DEFAULT_EXPORT = /\bexport\s+default\b|\bas\s+default\b|\bdefault\s*[,}]|\bmodule\s*\.\s*exports\b|\bexports\s*\.\s*default\b/;

/** The module that takes the place of the app's own entry: `globals` first. A service worker exports nothing here either. */
export function entryModule(globals: string, entry: string, entryText: string): string {
  const from = JSON.stringify(entry);
  return `import ${JSON.stringify(globals)};\nexport * from ${from};\n${DEFAULT_EXPORT.test(entryText) ? `import * as app from ${from};\nexport default app.default;\n` : `import ${from};\n`}`;
}
