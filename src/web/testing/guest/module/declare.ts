/** What a test file declares: suites, tests and hooks, with the names that Vitest and `bun test` have for them. */

export type Body = (context: TestContext) => unknown;
export type Hook = () => unknown;

export interface TestContext {
  /** Ends the test here, as one that was not run. */
  skip(note?: string): never;
  onTestFinished(run: Hook): void;
}

export interface Options {
  readonly timeout?: number;
  readonly retry?: number;
  readonly skip?: boolean;
  readonly only?: boolean;
  readonly todo?: boolean;
  /** The test is to fail. */
  readonly fails?: boolean;
}

export class Suite {
  readonly name: string;
  readonly parent: Suite | null;
  readonly options: Options;
  readonly children: (Suite | Test)[] = [];
  readonly hooks: Record<"beforeAll" | "afterAll" | "beforeEach" | "afterEach", { readonly run: Hook; readonly timeoutMs: number | undefined }[]> = { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };

  constructor(name: string, parent: Suite | null, options: Options) {
    this.name = name;
    this.parent = parent;
    this.options = options;
  }

  /** From the outermost to this one. */
  get line(): readonly Suite[] {
    return this.parent === null ? [this] : [...this.parent.line, this];
  }
}

export class Test {
  readonly name: string;
  readonly suite: Suite;
  readonly options: Options;
  readonly body: Body | null;
  readonly index: number;

  constructor(name: string, suite: Suite, options: Options, body: Body | null, index: number) {
    this.name = name;
    this.suite = suite;
    this.options = options;
    this.body = body;
    this.index = index;
  }

  get path(): readonly string[] {
    return [...this.suite.line.slice(1).map(({ name }) => name), this.name];
  }
  get mode(): "run" | "skip" | "todo" {
    const all = [this.options, ...this.suite.line.map(({ options }) => options)];
    if (all.some(({ todo }) => todo === true) || this.body === null) return "todo";
    return all.some(({ skip }) => skip === true) ? "skip" : "run";
  }
  get isOnly(): boolean {
    return this.options.only === true || this.suite.line.some(({ options }) => options.only === true);
  }
}

export const root = new Suite("", null, {});
export const tests: Test[] = [];
let open = root;
let isClosed = false;

/** Nothing can be declared from now on. */
export const closeDeclarations = (): void => {
  isClosed = true;
};

function mustBeOpen(what: string): void {
  if (isClosed) throw new Error(`${what} was called too late: tests, suites and hooks are declared while the file loads`);
}

function declareTest(name: unknown, options: Options, body: Body | null): void {
  mustBeOpen("test()");
  const test = new Test(nameOf(name), open, options, body, tests.length);
  tests.push(test);
  open.children.push(test);
}

function declareSuite(name: unknown, options: Options, body: (() => unknown) | null): void {
  mustBeOpen("describe()");
  const suite = new Suite(nameOf(name), open, body === null ? { ...options, todo: true } : options);
  open.children.push(suite);
  const before = open;
  open = suite;
  try {
    const result = body?.();
    if (typeof (result as { then?: unknown } | undefined)?.then === "function") throw new TypeError(`describe("${suite.name}") got an async function: what it declares after its first await would be lost`);
  } finally {
    open = before;
  }
}

const nameOf = (name: unknown): string => (typeof name === "function" ? name.name || "(no name)" : String(name));

/** `(name, body, timeout)`, `(name, body, options)` and `(name, options, body)` are all in use. */
function readArguments<B>(args: readonly unknown[], preset: Options): { readonly options: Options; readonly body: B | null } {
  const [a, b] = args;
  const [body, options] = typeof a === "function" ? [a, b] : [b, a];
  const given = typeof options === "number" ? { timeout: options } : ((options ?? {}) as Options);
  return { options: { ...given, ...preset }, body: typeof body === "function" ? (body as B) : null };
}

type Declare<B> = (name: unknown, options: Options, body: B | null) => void;

export interface Declarer {
  (name: unknown, ...args: readonly unknown[]): void;
  readonly skip: Declarer;
  readonly only: Declarer;
  readonly todo: Declarer;
  readonly fails: Declarer;
  /** Tests run one after the other: there is one clock, and one console. */
  readonly concurrent: Declarer;
  readonly sequential: Declarer;
  skipIf(condition: unknown): Declarer;
  runIf(condition: unknown): Declarer;
  each(table: readonly unknown[], ...values: readonly unknown[]): (name: unknown, ...args: readonly unknown[]) => void;
  for(table: readonly unknown[]): (name: unknown, ...args: readonly unknown[]) => void;
}

function declarer<B extends (...args: never[]) => unknown>(declare: Declare<B>, preset: Options = {}): Declarer {
  const call = (name: unknown, ...args: readonly unknown[]): void => {
    const { options, body } = readArguments<B>(args, preset);
    declare(name, options, body);
  };
  const variant = (more: Options) => declarer(declare, { ...preset, ...more });
  const rows = (table: readonly unknown[], spreads: boolean) => (name: unknown, ...args: readonly unknown[]): void => {
    const { options, body } = readArguments<B>(args, preset);
    table.forEach((row, index) => {
      const values = spreads && Array.isArray(row) ? row : [row];
      declare(titleOf(nameOf(name), Array.isArray(row) ? row : [row], index), options, body === null ? null : (((...context: never[]) => body(...(values as never[]), ...context)) as B));
    });
  };
  const variants: PropertyDescriptorMap = {};
  for (const [name, more] of Object.entries({ skip: { skip: true }, only: { only: true }, todo: { todo: true }, fails: { fails: true }, concurrent: {}, sequential: {} })) variants[name] = { get: () => variant(more) };
  return Object.defineProperties(
    Object.assign(call, {
      skipIf: (condition: unknown) => variant(condition ? { skip: true } : {}),
      runIf: (condition: unknown) => variant(condition ? {} : { skip: true }),
      each: (table: readonly unknown[], ...values: readonly unknown[]) => rows("raw" in table ? rowsOfTemplate(table as unknown as TemplateStringsArray, values) : table, true),
      for: (table: readonly unknown[]) => rows(table, false),
    }),
    variants,
  ) as unknown as Declarer;
}

/** `a | b` in the first line, then one row of values after the other. */
function rowsOfTemplate(texts: readonly string[], values: readonly unknown[]): readonly object[] {
  const keys = (texts[0] ?? "").trim().split("|").map((key) => key.trim());
  const rows: object[] = [];
  for (let at = 0; at + keys.length <= values.length; at += keys.length) rows.push(Object.fromEntries(keys.map((key, i) => [key, values[at + i]])));
  return rows;
}

/** printf's places, `$key` for members of an object, `%#` and `$index` for the number of the row. */
function titleOf(name: string, values: readonly unknown[], index: number): string {
  let next = 0;
  const filled = name.replace(/%([sdifjoO#%$])/g, (place, kind: string) => {
    if (kind === "%") return "%";
    if (kind === "#") return String(index);
    if (kind === "$") return String(index + 1);
    if (next >= values.length) return place;
    const value = values[next++];
    if (kind === "d" || kind === "f") return String(Number(value));
    if (kind === "i") return String(Math.trunc(Number(value)));
    return kind === "s" ? shown(value) : json(value);
  });
  const [first] = values;
  if (typeof first !== "object" || first === null) return filled;
  return filled.replace(/\$([\w$.]+)/g, (place, path: string) => {
    if (path === "index") return String(index);
    const value = path.split(".").reduce<unknown>((object, key) => (typeof object === "object" && object !== null ? (object as Record<string, unknown>)[key] : undefined), first);
    return value === undefined ? place : shown(value);
  });
}

const shown = (value: unknown): string => (typeof value === "object" && value !== null ? json(value) : String(value));
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "[object]";
  }
}

export const test = declarer<Body>(declareTest);
export const describe = declarer<() => unknown>(declareSuite);

const hook = (kind: keyof Suite["hooks"]) => (run: Hook, timeoutMs?: number): void => {
  mustBeOpen(`${kind}()`);
  open.hooks[kind].push({ run, timeoutMs });
};
export const beforeAll = hook("beforeAll");
export const afterAll = hook("afterAll");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");
