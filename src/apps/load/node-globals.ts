/** Globals of Node for modules that mention them, as `build.node_globals` asks: an import at the end of an ES module, a declaration in front of a CommonJS one, so that no line moves. */
import { isEsModule } from "./module-scope.ts";

const GLOBALS = {
  process: { mentioned: /(?<![.\w$"'`])process\s*(?:\?\.|\[|\.(?!\s*env\s*\.\s*NODE_ENV\b)\s*[a-zA-Z])/, from: "node:process", name: "default" },
  Buffer: { mentioned: /(?<![.\w$"'`])Buffer\s*(?:\(|\[|\?\.|\.\s*[a-zA-Z])|\binstanceof\s+Buffer\b/, from: "node:buffer", name: "Buffer" },
  setImmediate: { mentioned: /(?<![.\w$"'`])setImmediate\s*\(/, from: "node:timers", name: "setImmediate" },
  clearImmediate: { mentioned: /(?<![.\w$"'`])clearImmediate\s*\(/, from: "node:timers", name: "clearImmediate" },
} as const;

export const NODE_GLOBAL_NAMES = Object.keys(GLOBALS);

/** `ownNames` are declared by the module itself. */
export function withNodeGlobals(source: string, ownNames: readonly string[]): string {
  const used = Object.entries(GLOBALS).filter(([global, { mentioned }]) => !ownNames.includes(global) && mentioned.test(source));
  if (used.length === 0) return source;
  if (isEsModule(source)) return `${source}\n;${used.map(([global, { from, name }]) => `import { ${name} as ${global} } from ${JSON.stringify(from)};`).join("")}`;
  return `var ${used.map(([global, { from, name }]) => `${global} = require(${JSON.stringify(from)})${name === "default" ? "" : `.${name}`}`).join(", ")}; ${source}`;
}
