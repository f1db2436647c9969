/** What `run`, `eval` and `repl` share: a runtime without a listener, and the console of the script on the terminal. */
import { loadBundle } from "../apps/load/bundle.ts";
import type { MappedCode } from "../apps/load/source-map.ts";
import { Script, type ScriptResult } from "../apps/script.ts";
import { loadArtifacts } from "../artifacts.ts";
import { configOfApp } from "../config/single-app.ts";
import { EXIT } from "../errors.ts";
import type { LimitValues } from "../limits.ts";
import { type Observer, silent } from "../observe/observer.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { CommandContext, Terminal } from "./command.ts";

/** A person waits for scripts, not a client: they may take their time. */
const LIMITS: LimitValues = { cpu_ms: 300_000, wall_ms: 900_000, wait_until_ms: 300_000, subrequests: 1_000, log_kb: 1_024, log_line_kb: 1_024, log_rate_kb: 1_024 };

/** Stacks that the script prints get the positions of `code`, if there is a source map. */
export async function openScript(context: CommandContext, code: MappedCode | null = null): Promise<{ readonly script: Script; close(): void }> {
  const { terminal } = context;
  const config = configOfApp(terminal.cwd, { path: "script.js", limits: LIMITS });
  const observer: Observer = {
    ...silent,
    console: (_app, _request, level, text) => (level === "warn" || level === "error" ? terminal.err : terminal.out)(`${text}\n`),
    fault: (id, error) => terminal.err(`internal error ${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  };
  const runtime = new Runtime({ artifacts: await loadArtifacts(await context.artifacts()), config, observer, loadBundle, showsErrors: true, allowsPrivateFetch: true });
  const script = new Script(runtime.services, config.apps[0] as (typeof config.apps)[number], code);
  return {
    script,
    close() {
      script.close();
      runtime.close();
    },
  };
}

/** Tells what went wrong and gives the exit code. */
export function report(result: ScriptResult, terminal: Terminal): number {
  if (result.isOk) return EXIT.ok;
  const { failure, kill } = result;
  const lines =
    kill === null || kill.outcome === "internalError"
      ? failure === null ? [] : [`Uncaught ${failure.name}: ${failure.message}`, failure.stack.trimEnd()]
      : [`the script was ended: it used ${Math.round(kill.used)} ${kill.unit} of ${kill.limitKey}, which allows ${Math.round(kill.limit)} ${kill.unit}`, kill.stack.trimEnd()];
  if (lines.length > 0) terminal.err(`${lines.filter((line) => line !== "").join("\n")}\n`);
  return EXIT.failure;
}
