/** What `nano dev` serves: the config or the app that was named, or what lies here. */
import type { Config } from "../../config/config.ts";
import type { DevEnv } from "../../config/dev-env.ts";
import { type Arguments, type CommandContext, UsageError } from "../command.ts";
import { readProjectAt } from "../project.ts";
import { together } from "./together.ts";

export async function readProject(args: Arguments, context: CommandContext): Promise<Config> {
  const { positionals } = args;
  const options = { command: "dev", watch: true, dev: devEnvOf(args) };
  const [first, ...others] = positionals;
  return together([await readProjectAt(first, context, options), ...(await Promise.all(others.map((one) => readProjectAt(one, context, options))))], positionals);
}

const FILE_END = /^[\w-]+$/;

export function devEnvOf(args: Arguments, standard = "development"): DevEnv {
  const environment = args.text("env") ?? null;
  if (environment !== null && !FILE_END.test(environment)) throw new UsageError("--env is the name of an environment: letters, digits, _ and -");
  const mode = args.text("mode") ?? environment ?? standard;
  if (!FILE_END.test(mode)) throw new UsageError("--mode is the end of a file name: letters, digits, _ and -");
  const variables = args.texts("var").map((text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError("--var takes a name and a value: --var KEY=VALUE");
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return { mode, environment, variables: Object.fromEntries(variables) };
}
