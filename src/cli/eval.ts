/** `nano eval`: evaluates code and prints the value of an expression. */
import { type Arguments, type Command, type CommandContext, UsageError } from "./command.ts";
import { withEngine } from "./reexec.ts";
import { openScript, report } from "./script-runner.ts";
import { argvOf } from "./serve.ts";
import { isSyntax } from "./syntax.ts";

export const evaluate: Command = {
  name: "eval",
  summary: "Evaluate code and print the value",
  usage: "eval <code>",
  examples: ['nano eval "1 + 1"', 'nano eval "await (await fetch(\'https://example.com\')).text()"', "echo 'new URL(\"https://a.b/?c=d\").searchParams.get(\"c\")' | nano eval -"],
  flags: {},
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("eval", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [given] = args.positionals;
  if (given === undefined) throw new UsageError('nano eval needs code: nano eval "1 + 1"');
  const code = given === "-" ? await terminal.input() : given;
  const { script, close } = await openScript(context);
  try {
    return report(await script.run(moduleOf(code), "eval.js"), terminal);
  } finally {
    close();
  }
}

/** An expression is printed; statements run as they are. */
function moduleOf(code: string): string {
  const expression = `console.log(await (${code}\n));`;
  return isSyntax(expression) ? expression : code;
}
