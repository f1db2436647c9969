/** A module that names its own JSX factory means the classic transform, whatever holds for the others: `@jsx h`, as TypeScript and esbuild have it. */

const MAX_CANDIDATES = 100;
const LOOK_BACK = 500;

/** It says the rest itself. */
const SAID = /@jsx(?:Runtime|ImportSource)\s/;

/** Added at the end, so that no line moves. */
export function withJsxRuntime(source: string): string {
  return namesFactory(source) && !SAID.test(source) ? `${source}\n/** @jsxRuntime classic */` : source;
}

/** In a comment. */
function namesFactory(source: string): boolean {
  let candidates = 0;
  for (let at = source.indexOf("@jsx"); at !== -1 && candidates < MAX_CANDIDATES; at = source.indexOf("@jsx", at + 4), candidates++) {
    if (!/^@jsx\s{1,20}[\w.$]/.test(source.slice(at, at + 30))) continue;
    const before = source.slice(Math.max(0, at - LOOK_BACK), at);
    if (before.lastIndexOf("/*") > before.lastIndexOf("*/")) return true;
  }
  return false;
}
