/** `nano env`: variables of an app in a running nano. Values go in by standard input and are never shown. */
import type { EnvReport } from "../admin/replies.ts";
import { EXIT, OperatorError } from "../errors.ts";
import { ADMIN_FLAGS, AdminClient } from "./admin-client.ts";
import { pathOf, persistQuery } from "./apps.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, UsageError } from "./command.ts";
import { table } from "./table.ts";

const ACTIONS = ["list", "set", "unset"] as const;

export const env: Command = {
  name: "env",
  summary: "List, set and remove variables of an app in a running nano",
  usage: "env <app> [list|set KEY|unset KEY] [flags]",
  examples: ["nano env shop.example.com", 'printf %s "$API_KEY" | nano env shop.example.com set API_KEY --secret', "nano env shop.example.com set GREETING --value hello --persist", "nano env shop.example.com unset GREETING"],
  flags: {
    value: { type: "string", value: "text", help: "set: the value, which others may see in the list of processes; without it, standard input is read" },
    secret: { type: "boolean", help: "set: keep it out of logs and errors; what is a secret stays one" },
    persist: { type: "boolean", help: "write the config file too, so that the change outlasts nano" },
    ...ADMIN_FLAGS,
  },
  maxPositionals: 3,
  async run(args, context) {
    const [app, action = "list", key] = args.positionals;
    if (app === undefined) throw new UsageError("nano env needs the name of an app; nano apps shows them");
    if (!(ACTIONS as readonly string[]).includes(action)) throw new UsageError(`nano env does not know ${action}${didYouMean(action, ACTIONS)}; it knows ${ACTIONS.join(", ")}`);
    if ((action === "list") !== (key === undefined)) throw new UsageError(action === "list" ? `nano env ${app} list takes nothing more` : `nano env ${app} ${action} needs the name of a variable`);
    const client = await AdminClient.find(args, context);
    const path = `${pathOf(app)}/env`;
    const query = persistQuery(args, "?");
    if (action === "list") return tell(await client.ask<EnvReport>("GET", path), args, context);
    const name = key as string;
    if (action === "unset") {
      const before = await client.ask<EnvReport>("GET", path);
      if (!before.variables.some((variable) => variable.name === name)) throw new OperatorError({ message: `${app} has no variable ${name}`, hint: `nano env ${app} shows what it has` });
      return tell(await client.ask<EnvReport>("PATCH", path + query, { remove: [name] }), args, context);
    }
    const value = await valueOf(args, name, context);
    return tell(await client.ask<EnvReport>("PATCH", path + query, { [args.isSet("secret") ? "secrets" : "set"]: { [name]: value } }), args, context);
  },
};

/** Without the one line ending that a terminal or an editor leaves at its end. */
async function valueOf(args: Arguments, name: string, { terminal }: CommandContext): Promise<string> {
  const given = args.text("value");
  if (given !== undefined) return given;
  const text = (await terminal.input()).replace(/\r?\n$/, "");
  if (text === "") throw new UsageError(`there is no value for ${name}: pipe it in, or give --value (--value "" for an empty one)`);
  return text;
}

function tell({ variables, ...report }: EnvReport, args: Arguments, { terminal }: CommandContext): number {
  if (args.isSet("json")) terminal.out(`${JSON.stringify({ ...report, variables }, null, 2)}\n`);
  else if (variables.length === 0) terminal.out("there are no variables\n");
  else terminal.out(table([{ title: "NAME", of: ({ name }) => name }, { title: "BYTES", of: ({ bytes }) => bytes }, { title: "KIND", of: ({ is_secret }) => (is_secret ? "secret" : "env") }], variables));
  return EXIT.ok;
}
