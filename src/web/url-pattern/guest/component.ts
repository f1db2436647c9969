/** One component of a pattern, compiled: https://urlpattern.spec.whatwg.org/#component */
import { arrayPush, objectDefineProperty, regExpExec, regExpTest, SafeRegExp, SafeTypeError } from "../../infra/guest/primordials.ts";
import { SPECIAL_SCHEMES } from "./canonicalize.ts";
import { parsePattern, type Part, type PartOptions, patternOf, regExpOf } from "./parts.ts";

export interface ComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}
export interface Component {
  readonly pattern: string;
  readonly regExp: RegExp;
  readonly names: readonly string[];
  readonly hasRegExpGroups: boolean;
}

export const PLAIN: PartOptions = { delimiter: "", prefix: "" };
export const HOST: PartOptions = { delimiter: ".", prefix: "" };
export const PATH: PartOptions = { delimiter: "/", prefix: "/" };

/** https://urlpattern.spec.whatwg.org/#compile-a-component. The expression runs in the isolate, where it is metered. */
export function compile(input: string, encode: (text: string) => string, options: PartOptions, ignoreCase: boolean): Component {
  const parts = parsePattern(input, options, encode);
  const names: string[] = [];
  let hasRegExpGroups = false;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (part.type !== "fixed-text") arrayPush(names, part.name);
    if (part.type === "regexp") hasRegExpGroups = true;
  }
  return { pattern: patternOf(parts, options), regExp: regExp(regExpOf(parts, options), ignoreCase), names, hasRegExpGroups };
}

/** The engine takes some punctuation for a class's operators outside of classes, with the flag v. With u everything but those operators means the same. */
function regExp(source: string, ignoreCase: boolean): RegExp {
  try {
    return new SafeRegExp(source, ignoreCase ? "vi" : "v");
  } catch {}
  try {
    return new SafeRegExp(source, ignoreCase ? "ui" : "u");
  } catch {
    throw new SafeTypeError("URLPattern: not a valid regular expression: " + source);
  }
}

/** https://urlpattern.spec.whatwg.org/#protocol-component-matches-a-special-scheme */
export function matchesSpecial(protocol: Component): boolean {
  for (let i = 0; i < SPECIAL_SCHEMES.length; i++) if (regExpTest(protocol.regExp, SPECIAL_SCHEMES[i] as string)) return true;
  return false;
}

/** https://urlpattern.spec.whatwg.org/#create-a-component-match-result; null when the component does not match. */
export function matchComponent({ regExp, names }: Component, input: string): ComponentResult | null {
  const match = regExpExec(regExp, input);
  if (match === null) return null;
  const groups: Record<string, string | undefined> = {};
  for (let i = 0; i < names.length; i++)
    objectDefineProperty(groups, names[i] as string, { __proto__: null, value: match[i + 1], writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
  return { input, groups };
}
