/** `nano schema`: the JSON Schema of nano.json, for editors. */
import { configJsonSchema } from "../config/json-schema.ts";
import { EXIT } from "../errors.ts";
import type { Command } from "./command.ts";

export const schema: Command = {
  name: "schema",
  summary: "Print the JSON Schema of nano.json",
  usage: "schema",
  examples: ["nano schema > nano.schema.json", 'then in nano.json: "$schema": "./nano.schema.json"'],
  flags: {},
  maxPositionals: 0,
  async run(_args, { terminal }) {
    terminal.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  },
};
