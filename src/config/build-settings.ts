/** How the source of an app becomes one module: the keys of `build` in an app. Every path is relative to the app's folder. */
import * as v from "valibot";

/** What files are that an app imports and that are no code. */
export type FileKind = "text" | "data" | "wasm";

export interface FileRule {
  readonly type: FileKind;
  /** Of the names of files, relative to the app's folder. */
  readonly globs: readonly string[];
}

export interface BuildSettings {
  /** Names in the code, and what stands for them: JSON or another name. */
  readonly define: Readonly<Record<string, string>>;
  /** Modules that are imported by one name and found under another, in packages too. */
  readonly alias: Readonly<Record<string, string>>;
  readonly rules: readonly FileRule[];
  /** Null: tsconfig.json or jsconfig.json, where there is one. */
  readonly tsconfig: string | null;
  readonly jsxFactory: string | null;
  readonly jsxFragment: string | null;
  /** `process`, `Buffer`, `global` and `setImmediate` are there if a module mentions them. */
  readonly hasNodeGlobals: boolean;
}

export const NO_BUILD: BuildSettings = { define: {}, alias: {}, rules: [], tsconfig: null, jsxFactory: null, jsxFragment: null, hasNodeGlobals: false };

const about = <T>(description: string) => v.metadata<T, Record<string, unknown>>({ description });
const text = "must be a string";
const DEFINED_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u;
const names = (what: string) => v.record(v.string(), v.string(text), `must be an object of ${what}`);

/** A string in single quotes is JSON to bundlers. */
export function isDefinition(value: string): boolean {
  if (DEFINED_NAME.test(value) || /^'(?:[^'\\\n]|\\.)*'$/.test(value)) return true;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

export const buildSchema = v.pipe(
  v.strictObject(
    {
      define: v.exactOptional(
        v.pipe(
          names("names and what stands for them"),
          v.check((all) => Object.keys(all).every((name) => DEFINED_NAME.test(name)), 'a name to define is an identifier, or several with dots\nfor example "VERSION"'),
          v.check((all) => Object.values(all).every(isDefinition), 'what is defined is JSON or a name\na text has quotes of its own: "\\"live\\""'),
          about<Record<string, string>>('Names in the code that are replaced when it is bundled, by JSON or by another name: { "VERSION": "\\"1.2\\"" }.'),
        ),
      ),
      alias: v.exactOptional(v.pipe(names("names of modules and what is imported in their place"), about<Record<string, string>>('Modules that are found under another name, in packages too: { "pg": "./no-database.ts" }.'))),
      rules: v.exactOptional(
        v.pipe(
          v.array(
            v.strictObject(
              { type: v.picklist(["text", "data", "wasm"], 'must be "text", "data" or "wasm"'), globs: v.pipe(v.array(v.string(text), "must be a list of globs"), v.minLength(1, 'the list is empty\nname files: ["**/*.tmpl"]')) },
              "must be an object",
            ),
            "must be a list of rules",
          ),
          about<{ type: FileKind; globs: string[] }[]>('What imported files are, by glob: text is a string, data an ArrayBuffer. { "type": "text", "globs": ["**/*.tmpl"] }.'),
        ),
      ),
      tsconfig: v.exactOptional(v.pipe(v.string(text), about<string>("The file whose JSX settings and paths hold. Unless set, tsconfig.json or jsconfig.json."))),
      jsx_factory: v.exactOptional(v.pipe(v.string(text), about<string>("The function of JSX elements, where tsconfig.json says nothing."))),
      jsx_fragment: v.exactOptional(v.pipe(v.string(text), about<string>("The same for fragments."))),
      node_globals: v.exactOptional(v.pipe(v.boolean("must be true or false"), v.metadata<boolean, Record<string, unknown>>({ description: "Whether process, Buffer, global and setImmediate are there, if a module mentions them.", default: false }))),
    },
    "must be an object",
  ),
  about("How the source becomes one module."),
);

export function buildOf({ define, alias, rules, tsconfig, jsx_factory, jsx_fragment, node_globals }: v.InferOutput<typeof buildSchema> = {}): BuildSettings {
  return {
    define: define ?? {},
    alias: alias ?? {},
    rules: rules ?? [],
    tsconfig: tsconfig ?? null,
    jsxFactory: jsx_factory ?? null,
    jsxFragment: jsx_fragment ?? null,
    hasNodeGlobals: node_globals ?? false,
  };
}
