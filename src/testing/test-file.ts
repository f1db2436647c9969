/**
 * One test file: bundled, and run in isolates of its own, beside the apps that it asks. An isolate that a test has brought to its limits is replaced by another,
 * which goes on with the tests that are left.
 */
import { relative } from "node:path";
import { type Bundle, loadBundle, type LoadBundle } from "../apps/load/bundle.ts";
import { LoadError } from "../apps/load/load-error.ts";
import { NodeModules } from "../apps/load/node-modules.ts";
import { mapStack, OWN_PLACE } from "../apps/load/map-stack.ts";
import { BUNDLE_FILE_NAME } from "../apps/load/source-map.ts";
import { frameOfStack } from "../apps/load/stack-frame.ts";
import type { LoadedArtifacts } from "../artifacts.ts";
import { type AppConfig, type Config, variablesOf } from "../config/config.ts";
import type { GuestInvocation } from "../isolate/guest-invocation.ts";
import type { InvocationLimits, InvocationSummary, Kill } from "../isolate/invocation.ts";
import { Isolate } from "../isolate/isolate.ts";
import { Account } from "../isolate/scheduler.ts";
import { limitValue } from "../limits.ts";
import { combine, type Observer, silent } from "../observe/observer.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { FileResult, TestError } from "./results.ts";
import { Session, TEST_FILE } from "./session.ts";
import { Work } from "./work.ts";

export interface TestFileOptions {
  readonly artifacts: LoadedArtifacts;
  readonly config: Config;
  /** Files of this folder may be imported. Absolute. */
  readonly root: string;
  /** Absolute. */
  readonly path: string;
  /** The app that lies beside it; null when there is none, or no telling which. */
  readonly app: AppConfig | null;
  readonly pattern: RegExp | null;
  readonly bails: boolean;
  readonly timeoutMs: number;
  readonly loadBundle: LoadBundle;
  /** Something of nano's own failed. */
  onFault(error: unknown): void;
}

const MEMORY_BYTES = 256 << 20;
/** Of a function with a place: those of the engine and of nano have none. */
const FRAME = /^ {4}at .*:\d+:\d+\)?$/;
/** Reading `nano:test` alone takes a slow machine some 100 ms. */
const LEAST_LOAD_MS = 2_000;
/** Tests may do what they like for as long as they may take. */
const MANY = 1_000_000;
const LIMITS: Omit<InvocationLimits, "cpuMs"> = {
  wallMs: 1e12, streamMs: 1e12, waitUntilMs: 1e12, subrequests: MANY, subrequestsAtOnce: 1_000, timers: MANY, kdfIterations: limitValue("kdf_iterations"),
  logBytes: 16 << 20, logLineBytes: 64 << 10, streamBufferBytes: limitValue("stream_buffer_kb"),
};

/** Never rejects for anything that a test, or its file, does. */
export async function runTestFile(options: TestFileOptions): Promise<FileResult> {
  const { root, path, artifacts } = options;
  const started = performance.now();
  const file = relative(root, path);
  const result = (work: Pick<Work, "results" | "errors" | "printed">, sources: readonly string[]): FileResult => ({ file, tests: work.results, errors: work.errors, printed: work.printed, ms: performance.now() - started, sources });
  let bundle: Bundle;
  try {
    const nodeModules = new NodeModules(artifacts.nodeModules, true);
    bundle = await loadBundle(root, { maxBundleBytes: limitValue("bundle_mb"), maxModules: limitValue("modules"), main: file, ...(options.app === null ? {} : { build: options.app.build }) }, nodeModules);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    return result({ results: [], errors: [{ name: "LoadError", message: error.message, stack: "", diff: "", frame: "" }], printed: [] }, [path, ...sourcesOf(error)]);
  }
  using run = new FileRun(options, bundle);
  await run.toEnd();
  if (run.work.isEmpty) run.work.errors.push({ name: "Error", message: "there is no test in this file: tests are declared with test() of \"nano:test\"", stack: "", diff: "", frame: "" });
  return result(run.work, [...sourcesOf(bundle), ...run.sourcesOfApps]);
}

/** What a load read, or looked for in vain. */
function sourcesOf(loaded: Bundle | Error | null): readonly string[] {
  return loaded === null || (loaded instanceof Error && !(loaded instanceof LoadError)) ? [] : [...loaded.files, ...loaded.missing];
}

class FileRun implements Disposable {
  readonly work: Work;
  readonly #options: TestFileOptions;
  readonly #bundle: Bundle;
  readonly #session: Session;
  readonly #runtime: Runtime;
  readonly #account = new Account(TEST_FILE);

  constructor(options: TestFileOptions, bundle: Bundle) {
    this.#options = options;
    this.#bundle = bundle;
    this.work = new Work({ pattern: options.pattern, bails: options.bails, explain: (error) => this.#explain(error) });
    this.#session = new Session(this.work, options.timeoutMs);
    const { artifacts, config } = options;
    this.#runtime = new Runtime({
      artifacts, config, loadBundle: options.loadBundle, observer: combine([this.#observer, this.#session.calls.observer]), showsErrors: false, allowsPrivateFetch: false, testing: this.#session,
    });
    this.#session.attach(this.#runtime, options.app?.name ?? null);
  }

  get sourcesOfApps(): readonly string[] {
    return this.#runtime.registry.apps.flatMap(({ serving: { revision } }) => sourcesOf(revision.bundle ?? revision.error));
  }

  async toEnd(): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; ; before = this.work.rest) {
      await this.#enter();
      if (this.work.rest === 0 || this.work.isAbandoned) return;
      // An isolate that ended without having done anything would be followed by others like it.
      if (this.work.rest >= before) return this.work.abandon();
    }
  }

  [Symbol.dispose](): void {
    this.#runtime.close();
  }

  /** Runs what is left of the file in a fresh isolate, for as long as that lasts. */
  async #enter(): Promise<void> {
    const { host, bases } = this.#runtime.services;
    const { code, doorName } = this.#bundle;
    let kill: Kill | null = null;
    const isolate = new Isolate({ host, snapshot: await bases.for(code), account: this.#account, memoryBytes: MEMORY_BYTES, mapStack: (stack) => mapStack(stack, this.#bundle), onCondemned: (why) => (kill = why) });
    const loadMs = Math.max(this.#options.timeoutMs, LEAST_LOAD_MS);
    const loading = setTimeout(() => invocation.fail("exception", { name: "TimeoutError", message: `the file's top level took longer than ${loadMs} ms`, stack: "" }), loadMs);
    let invocation!: GuestInvocation;
    const { outcome, failure } = await new Promise<InvocationSummary>((over) => {
      invocation = isolate.open({
        requestId: TEST_FILE,
        app: TEST_FILE,
        limits: { ...LIMITS, cpuMs: loadMs },
        onAnswer: () => {
          clearTimeout(loading);
          this.#session.fileLoaded();
        },
        onFailure: () => invocation.finish(),
        onUncaught: () => this.#onUncaught(),
        onOver: over,
      });
      this.#session.enter(invocation, () => invocation.finish());
      invocation.enter("env", JSON.stringify(this.#options.app === null ? {} : variablesOf(this.#options.app)), "");
      if (doorName !== null) invocation.enter("door", doorName, 1);
      isolate.evaluate(invocation, code, BUNDLE_FILE_NAME, "test");
    });
    clearTimeout(loading);
    this.#session.leave();
    if (kill !== null) this.work.breakOff(this.#explainKill(kill));
    else if (outcome !== "ok") this.work.breakOff(this.#explain({ name: "Error", message: outcome, stack: "", ...failure, diff: "" }));
    isolate.dispose();
  }

  readonly #observer: Observer = {
    ...silent,
    console: (app, _requestId, level, text) => {
      if (app === TEST_FILE) this.work.print({ app: "", level, text });
      else this.#printOfApp(app, level, text);
    },
    failure: ({ app, name, message, stack }) => this.#printQuietly(app, `${name}: ${message}\n${stack.startsWith(`${name}: ${message}\n`) ? stack.slice(name.length + message.length + 3) : stack}`),
    kill: ({ app, reason, limitKey, limit, used, unit, stack }) => this.#printQuietly(app, `${reason}: it used ${Math.round(used)} ${unit}, and ${limitKey} allows ${Math.round(limit)} ${unit}\n${stack}`),
    appFailed: (app, { error }) => this.work.print({ app: this.#nameOf(app), level: "did not load:", text: error }),
    fault: (_id, error) => this.#options.onFault(error),
  };

  #nameOf(app: string): string {
    return this.#session.apps.find(app)?.asked.name ?? app;
  }

  /** What an app threw at a request: the answer of the app says as little of it as in production. */
  #printQuietly(app: string, text: string): void {
    if (app !== TEST_FILE) this.work.print({ app: this.#nameOf(app), level: "threw", text: text.trimEnd(), isQuiet: true });
  }

  #printOfApp(name: string, level: string, text: string): void {
    const found = this.#session.apps.find(name);
    found?.asked.logs.push({ level, text });
    this.work.print({ app: this.#nameOf(name), level, text });
  }

  /** It has been printed a moment ago. */
  #onUncaught(): void {
    const [message = "", ...stack] = this.work.takeLine()?.text.split("\n") ?? [];
    this.work.uncaught(this.#explain({ name: "Uncaught", message: message.replace(/^Uncaught /, ""), stack: stack.join("\n"), diff: "" }));
  }

  #explainKill({ outcome, used, limit, unit, limitKey, stack }: Kill): TestError {
    if (outcome === "exceededCpu") return this.#explain({ name: "exceededCpu", message: `it was ended after ${Math.round(limit)} ms of CPU: a loop that does not end? (--timeout allows more)`, stack, diff: "" });
    if (outcome === "exceededMemory") return this.#explain({ name: "exceededMemory", message: `it was ended: it used ${Math.round(used / 1_048_576)} MB, and ${limitKey} allows ${Math.round(limit / 1_048_576)} MB`, stack, diff: "" });
    return this.#explain({ name: outcome, message: `it was ended (${Math.round(used)} ${unit})`, stack, diff: "" });
  }

  #explain(error: Omit<TestError, "frame">): TestError {
    // What stands before the frames says again what was thrown, in the words of when it was made.
    const stack = error.stack
      .split("\n")
      .filter((line) => FRAME.test(line) && !line.endsWith(OWN_PLACE))
      .join("\n");
    return { ...error, stack, frame: frameOfStack(stack, this.#bundle) };
  }
}
