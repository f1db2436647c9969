/** `nano test --watch`: a file is run again when it, or an app it asks, or anything they import has changed, every file when the config has; new test files are found. */
import { ConfigWatch } from "../../config/watch.ts";
import { EXIT } from "../../errors.ts";
import { limitValue } from "../../limits.ts";
import type { FileResult } from "../../testing/results.ts";
import type { Sources, Watched } from "../../supervisor/app-watch.ts";
import { SourceWatch } from "../../supervisor/source-watch.ts";
import type { Terminal } from "../command.ts";
import { stopSignal } from "../until-signal.ts";
import type { Project } from "./project.ts";
import type { Report } from "./report.ts";
import type { TestRunner } from "./runner.ts";

export interface TestWatchOptions {
  readonly runner: TestRunner;
  readonly report: Report;
  readonly terminal: Terminal;
  find(): Promise<readonly string[]>;
  /** As its config is now. Throws OperatorError. */
  readProject(): Promise<Project>;
  /** After each round, with the newest result of every file. */
  publish(results: readonly FileResult[], ms: number): Promise<void>;
}

const RESCAN_MS = 1_000;
/** An editor that saves in steps is given this long. */
const SETTLE_MS = 20;

export async function watchTests({ runner, report, terminal, find, readProject, publish }: TestWatchOptions): Promise<number> {
  const results = new Map<string, FileResult>();
  let waiting = 0;
  let startedMs = 0;
  let line: Promise<unknown> = Promise.resolve();

  const endRound = async (): Promise<void> => {
    const all = [...results.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
    const ms = performance.now() - startedMs;
    terminal.out(`${report.summary(all, ms)}  waits for changes; Ctrl+C ends it\n`);
    await publish(all, ms);
  };

  /** One after the other. The first of a round finds the sources as they are now. */
  const run = (file: string): Promise<Sources> => {
    if (waiting++ === 0) {
      startedMs = performance.now();
      runner.forget();
    }
    const ran = line.then(async () => {
      const result = await runner.run(file);
      results.set(file, result);
      terminal.out(report.file(result));
      if (--waiting === 0) await endRound();
      return { files: result.sources, hasFailed: result.errors.length > 0 };
    });
    line = ran.catch(() => {});
    return ran;
  };

  const tell = (error: unknown): void => terminal.err(`${error instanceof Error ? error.message : String(error)}\n`);
  const watching = new SourceWatch({ event() {}, fault: (_id, error) => tell(error) });
  const follow = async (): Promise<void> => {
    const files = await find().catch((): readonly string[] => []);
    for (const file of results.keys()) if (!files.includes(file)) results.delete(file);
    watching.follow(files.map((file): Watched => ({ name: file, path: file, settleMs: SETTLE_MS, load: () => run(file), reload: () => run(file) })));
  };
  /** What the config says concerns every file. */
  const restart = async (): Promise<void> => {
    try {
      runner.project = await readProject();
    } catch (error) {
      tell(error);
      return;
    }
    watching.follow([]);
    await follow();
  };
  await follow();
  const configs = new ConfigWatch({ files: () => runner.configFiles, onChange: () => void restart(), pollMs: limitValue("config_poll_ms") });
  const rescan = setInterval(() => void follow(), RESCAN_MS);
  await stopSignal(terminal, () => {}).signal;
  clearInterval(rescan);
  configs.close();
  watching.close();
  return EXIT.ok;
}
