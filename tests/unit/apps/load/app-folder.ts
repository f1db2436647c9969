/** Throw-away app folders, and QuickJS to run what was loaded from them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import quickJsVariant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten";
import { type Bundle, loadBundle } from "../../../../src/apps/load/bundle.ts";
import { LoadError } from "../../../../src/apps/load/load-error.ts";
import { BUNDLE_FILE_NAME } from "../../../../src/apps/load/source-map.ts";

export const LIMITS = { maxBundleBytes: 10_000_000, maxModules: 1_000 };

export class AppFolder implements Disposable {
  /** The app's own folder lies one below a folder that may hold neighbours. */
  readonly parent = realpathSync(mkdtempSync(join(tmpdir(), "nano-load-")));
  readonly path = join(this.parent, "app");

  constructor(files: Readonly<Record<string, string>>) {
    mkdirSync(this.path);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  load(name = "", limits = LIMITS): Promise<Bundle> {
    return loadBundle(join(this.path, name), limits);
  }

  async loadError(name = "", limits = LIMITS): Promise<LoadError> {
    try {
      await this.load(name, limits);
    } catch (error) {
      if (error instanceof LoadError) return error;
      throw error;
    }
    throw new Error("the app loaded, but should not have");
  }

  [Symbol.dispose](): void {
    rmSync(this.parent, { recursive: true, force: true });
  }
}

const quickJs = await newQuickJSWASMModuleFromVariant(quickJsVariant);

export type RunResult = { readonly exports: Readonly<Record<string, unknown>> } | { readonly error: { readonly name: string; readonly message: string; readonly stack: string } };

/** Evaluates a bundle in the engine nano uses. Exported promises are awaited, functions come out as "[function]". */
export function runInQuickJs(bundle: Pick<Bundle, "code">): RunResult {
  const context = quickJs.newContext();
  try {
    const evaluated = context.evalCode(bundle.code, BUNDLE_FILE_NAME, { type: "module" });
    if (evaluated.error !== undefined) return { error: context.dump(evaluated.error) };
    const exports: Record<string, unknown> = {};
    context.runtime.executePendingJobs(10_000);
    const state = context.getPromiseState(evaluated.value);
    const namespace = state.type === "fulfilled" ? state.value : state.type === "rejected" ? null : evaluated.value;
    if (namespace === null) return { error: context.dump((state as { error: Parameters<typeof context.dump>[0] }).error) };
    const names = context.dump(context.callFunction(context.unwrapResult(context.evalCode("Object.getOwnPropertyNames")), context.undefined, namespace).unwrap()) as string[];
    for (const name of names) {
      const value = context.getProp(namespace, name);
      exports[name] = context.typeof(value) === "function" ? "[function]" : dump(context, value);
    }
    return { exports };
  } finally {
    // The context is left to the test process: disposing it would insist on freeing every handle first.
  }
}

function dump(context: ReturnType<typeof quickJs.newContext>, value: Parameters<typeof context.dump>[0]): unknown {
  const state = context.getPromiseState(value);
  if (state.type === "fulfilled" && !state.notAPromise) return context.dump(state.value);
  if (state.type === "rejected") return { rejected: context.dump(state.error) };
  return context.dump(value);
}

export function exportsOf(bundle: Pick<Bundle, "code">): Readonly<Record<string, unknown>> {
  const result = runInQuickJs(bundle);
  if ("error" in result) throw new Error(`${result.error.name}: ${result.error.message}\n${result.error.stack}`);
  return result.exports;
}
