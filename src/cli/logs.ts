/** `nano logs`: the log of a running nano as it is written, of all apps or one. */
import { EXIT } from "../errors.ts";
import { escapeControls } from "../observe/log.ts";
import { ADMIN_FLAGS, AdminClient } from "./admin-client.ts";
import type { Command } from "./command.ts";

export const logs: Command = {
  name: "logs",
  summary: "Follow the log of a running nano, or of one of its apps",
  usage: "logs [-f] [app] [flags]",
  examples: ["nano logs -f", "nano logs -f shop.example.com", "nano logs -f shop.example.com --json | jq .message"],
  flags: { follow: { type: "boolean", short: "f", help: "print lines as they come, until interrupted; there is no other form" }, ...ADMIN_FLAGS },
  maxPositionals: 1,
  async run(args, context) {
    const { terminal } = context;
    const client = await AdminClient.find(args, context);
    const [app] = args.positionals;
    for await (const { event, data } of client.events(`/admin/logs?follow=true${app === undefined ? "" : `&app=${encodeURIComponent(app)}`}`)) {
      if (event === "dropped") terminal.err(`(${data} lines were dropped: this was too slow for them)\n`);
      else terminal.out(args.isSet("json") ? `${data}\n` : `${lineText(data)}\n`);
    }
    terminal.err("nano has stopped\n");
    return EXIT.ok;
  },
};

/** `12:30:01 INFO  console shop: text` of one JSON line. */
function lineText(json: string): string {
  const { ts, level, event, app, message, stack, error, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const fields = Object.entries(rest).filter(([, value]) => value !== "").map(([key, value]) => `${key}=${String(value)}`);
  const told = [message, error].filter((text) => typeof text === "string" && text !== "") as string[];
  const where = typeof app === "string" && app !== "" ? ` ${app}:` : "";
  const head = `${String(ts).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${String(event)}${where} ${[...told, ...fields].join(" ")}`;
  const below = typeof stack === "string" && stack !== "" ? `\n${stack}` : "";
  // Of text that spans lines each keeps its own; whatever could move a terminal's cursor is spelled out.
  return (head + below).split("\n").map(escapeControls).join("\n    ").trimEnd();
}
