/** `nano run`: a module with top-level await, without HTTP. */
import { resolve } from "node:path";
import { loadBundle } from "../apps/load/bundle.ts";
import { NodeModules } from "../apps/load/node-modules.ts";
import { BUNDLE_FILE_NAME } from "../apps/load/source-map.ts";
import { limitValue } from "../limits.ts";
import { type Arguments, type Command, type CommandContext, UsageError } from "./command.ts";
import { withEngine } from "./reexec.ts";
import { openScript, report } from "./script-runner.ts";
import { argvOf } from "./serve.ts";

export const run: Command = {
  name: "run",
  summary: "Run a script: a module with top-level await, without HTTP",
  usage: "run <script>",
  examples: ["nano run script.js", "nano run migrate.ts"],
  flags: {},
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("run", args), context, () => runScript(args, context)),
};

async function runScript(args: Arguments, context: CommandContext): Promise<number> {
  const [path] = args.positionals;
  if (path === undefined) throw new UsageError("nano run needs a script: nano run script.js");
  const { terminal } = context;
  const bundle = await loadBundle(resolve(terminal.cwd, path), { maxBundleBytes: limitValue("bundle_mb"), maxModules: limitValue("modules") }, new NodeModules((await context.artifacts()).nodeModules));
  const { script, close } = await openScript(context, bundle);
  try {
    return report(await script.run(bundle.code, BUNDLE_FILE_NAME, bundle.doorName), terminal);
  } finally {
    close();
  }
}
