/** Runs test files of a project, one after the other: they share the thread, and what the apps are bundled to. */
import { type Bundle, loadBundle, type LoadBundle } from "../../apps/load/bundle.ts";
import type { LoadedArtifacts } from "../../artifacts.ts";
import type { FileResult } from "../../testing/results.ts";
import { runTestFile } from "../../testing/test-file.ts";
import { appBeside, type Project } from "./project.ts";

export interface TestRunnerOptions {
  readonly project: Project;
  readonly artifacts: LoadedArtifacts;
  readonly pattern: RegExp | null;
  readonly timeoutMs: number;
  readonly bails: boolean;
  tellFault(text: string): void;
}

export class TestRunner {
  readonly #options: TestRunnerOptions;
  project: Project;
  #load: LoadBundle = remembering();

  constructor(options: TestRunnerOptions) {
    this.#options = options;
    this.project = options.project;
  }

  /** What the project was read from. */
  get configFiles(): readonly string[] {
    const { file, envFiles } = this.project.config;
    return [...(file === null ? [] : [file]), ...envFiles];
  }

  /** Sources may have changed. */
  forget(): void {
    this.#load = remembering();
  }

  run(path: string): Promise<FileResult> {
    const { artifacts, pattern, timeoutMs, bails, tellFault } = this.#options;
    const { config, root } = this.project;
    return runTestFile({
      artifacts, config, root, path, pattern, timeoutMs, bails,
      app: appBeside(path, config.apps),
      loadBundle: this.#load,
      onFault: (error) => tellFault(`nano itself failed; this is a defect. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
    });
  }
}

function remembering(): LoadBundle {
  const known = new Map<string, Promise<Bundle>>();
  return (path, options, nodeModules) => {
    const key = JSON.stringify([path, options]);
    const bundle = known.get(key) ?? loadBundle(path, options, nodeModules);
    known.set(key, bundle);
    return bundle;
  };
}
