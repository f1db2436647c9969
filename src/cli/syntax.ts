/** Whether text is JavaScript, asked of Bun's parser: nothing is run. */

/** `code` is a module, with top-level await. */
export function isSyntax(code: string): boolean {
  return faultOf(code) === null;
}

/** `code` is a script: `await` at its top level is a fault. */
export function isScript(code: string): boolean {
  return isSyntax(`function _() {${code}\n}`);
}

/** `code` would go on: a bracket, a template or a comment is open, or an operand is missing. */
export function isUnfinished(code: string): boolean {
  const fault = faultOf(code);
  return fault !== null && (/end of file$|to terminate multi-line comment/.test(fault) || (fault === "Unterminated string literal" && code.includes("`")));
}

function faultOf(code: string): string | null {
  try {
    new Bun.Transpiler({ loader: "js" }).transformSync(code);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
