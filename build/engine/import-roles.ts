/**
 * Which minified import of the engine plays which role. The glue's import object is the only source: each value is recognised by its
 * shape, and its role's type is compared with the wasm. Throws when a role is missing, claimed twice, or an import is not recognised.
 */
import { KIND, VALUE_TYPE, type FunctionType, type Import } from "../meter/sections.ts";

interface Role {
  /** Matches the value in the glue's import object, and no other value there. */
  readonly shape: RegExp;
  /** Type as `params:results`, one letter per value (i = i32, I = i64, d = f64), or "memory". */
  readonly type: string;
}

const ROLES = {
  memory: { shape: /^\w+$/, type: "memory" },
  call_function: { shape: /\.callbacks\.callFunction\(/, type: "iiiii:i" },
  interrupt: { shape: /\.callbacks\.shouldInterrupt\(/, type: "i:i" },
  load_module: { shape: /\.callbacks\.loadModuleSource\(/, type: "iii:i" },
  normalize_module: { shape: /\.callbacks\.normalizeModule\(/, type: "iiii:i" },
  free_host_ref: { shape: /\.callbacks\.freeHostRef\(/, type: "ii:" },
  assert_fail: { shape: /`Assertion failed: /, type: "iiii:" },
  abort: { shape: /^\(\)=>\w+\(""\)$/, type: ":" },
  exit: { shape: /^\w+$/, type: "i:" },
  resize_heap: { shape: /\.grow\(/, type: "i:i" },
  date_now: { shape: /^\(\)=>Date\.now\(\)$/, type: ":d" },
  localtime: { shape: /\.getSeconds\(\)/, type: "Ii:" },
  tzset: { shape: /`UTC\$\{/, type: "iiii:" },
  setitimer: { shape: /setTimeout\(/, type: "id:i" },
  runtime_keepalive_clear: { shape: /^\(\)=>\{\w+=!1;\w+=0\}$/, type: ":" },
  environ_get: { shape: /^\(\w,\w\)=>\{.*,Infinity\)\+1;/s, type: "ii:i" },
  environ_sizes_get: { shape: /^\(\w,\w\)=>\{var \w=\w+\(\);\w\[\w>>2\]=\w\.length;/, type: "ii:i" },
  fd_close: { shape: /^\(\)=>52$/, type: "i:i" },
  fd_seek: { shape: /^function\(\)\{return 70\}$/, type: "iIii:i" },
  fd_write: { shape: /0===\w\|\|10===\w/, type: "iiii:i" },
} as const satisfies Record<string, Role>;

export type ImportRole = keyof typeof ROLES;

export interface PlayedRole {
  readonly role: ImportRole;
  /** As in ROLES. */
  readonly type: string;
}

/** Maps minified field name → role for all `imports` of the wasm. */
export function deriveImportRoles(glue: string, imports: readonly Import[], types: readonly FunctionType[]): Map<string, PlayedRole> {
  const values = readImportObject(glue);
  const roles = new Map<string, PlayedRole>();
  const fieldOf = (wanted: ImportRole) => [...roles.keys()].find((field) => roles.get(field)?.role === wanted);
  for (const entry of imports) {
    const value = values.get(entry.field);
    if (value === undefined) throw new Error(`the glue gives no value for import ${entry.field}`);
    const type = typeOf(entry, types);
    const matching = (Object.keys(ROLES) as ImportRole[]).filter((role) => ROLES[role].shape.test(value) && ROLES[role].type === type);
    const [role] = matching;
    if (role === undefined || matching.length > 1)
      throw new Error(`import ${entry.field} (${type}) plays ${matching.length === 0 ? "no known role" : `several roles (${matching.join(", ")})`}: ${value.slice(0, 120)}`);
    const other = fieldOf(role);
    if (other !== undefined) throw new Error(`imports ${other} and ${entry.field} both play ${role}`);
    if (role === "exit") checkExit(glue, value);
    roles.set(entry.field, { role, type });
  }
  const missing = (Object.keys(ROLES) as ImportRole[]).filter((role) => fieldOf(role) === undefined);
  if (missing.length > 0) throw new Error(`no import plays ${missing.join(", ")}`);
  return roles;
}

/** `exit` is only a name in the import object: its definition must be the one that throws the exit status. */
function checkExit(glue: string, name: string): void {
  const escaped = name.replaceAll("$", "\\$");
  if (!new RegExp(`\\b${escaped}=\\w=>\\{.{0,80}onExit\\?\\.\\(`).test(glue)) throw new Error(`import value ${name} is not the exit function`);
}

function typeOf(entry: Import, types: readonly FunctionType[]): string {
  if (entry.kind === KIND.memory) return "memory";
  const type = types[entry.type];
  if (entry.kind !== KIND.function || type === undefined) throw new Error(`import ${entry.field} is neither function nor memory`);
  const letters = (values: readonly number[]) => values.map((value) => LETTER.get(value) ?? "?").join("");
  return `${letters(type.params)}:${letters(type.results)}`;
}

const LETTER = new Map<number, string>([
  [VALUE_TYPE.i32, "i"],
  [VALUE_TYPE.i64, "I"],
  [VALUE_TYPE.f32, "f"],
  [VALUE_TYPE.f64, "d"],
]);

/** The properties of the object literal that the glue passes as imports (`c={a:NAME}`), as source text. */
function readImportObject(glue: string): Map<string, string> {
  const name = /\b\w+=\{a:(\w+)\};if\(\w+\.instantiateWasm\)/.exec(glue)?.[1];
  if (name === undefined) throw new Error("the glue does not say which object holds the imports");
  const starts = [...glue.matchAll(new RegExp(`[,;\\s]${name}=\\{`, "g"))];
  const [start] = starts;
  if (start === undefined || starts.length > 1) throw new Error(`the glue defines the import object ${name} ${starts.length} times`);
  const values = new Map<string, string>();
  for (const property of splitObject(glue, start.index + start[0].length)) {
    const [, key, value] = /^\s*([\w$]+):(.*)$/s.exec(property) ?? [];
    if (key === undefined || value === undefined) throw new Error(`property of an unknown form in the import object: ${property.slice(0, 80)}`);
    values.set(key, value.replaceAll("\n", ""));
  }
  return values;
}

/** Splits at top-level commas from just after `{` to its `}`. Knows strings and brackets, which is all this literal consists of. */
function splitObject(source: string, from: number): string[] {
  const properties: string[] = [];
  let depth = 0;
  let propertyStart = from;
  for (let at = from; at < source.length; at++) {
    const char = source[at] as string;
    if (char === '"' || char === "'" || char === "`") at = skipString(source, at);
    else if ("([{".includes(char)) depth++;
    else if (depth > 0 && ")]}".includes(char)) depth--;
    else if (depth === 0 && (char === "," || char === "}")) {
      properties.push(source.slice(propertyStart, at));
      propertyStart = at + 1;
      if (char === "}") return properties;
    }
  }
  throw new Error("the import object of the glue does not end");
}

/** Offset of the closing quote. */
function skipString(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === source[from]) return at;
  }
  throw new Error("a string of the glue does not end");
}
