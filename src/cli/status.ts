/** `nano status`: how a running nano is, in one look. */
import type { AppStatus, Health } from "../admin/replies.ts";
import { EXIT } from "../errors.ts";
import { escapeControls } from "../observe/log.ts";
import { ADMIN_FLAGS, AdminClient } from "./admin-client.ts";
import { appTable } from "./apps.ts";
import type { Command } from "./command.ts";
import { table } from "./table.ts";

export const status: Command = {
  name: "status",
  summary: "Show how a running nano is: health, workers, apps",
  usage: "status [flags]",
  examples: ["nano status", "nano status --json", "nano status --url http://127.0.0.1:9100 --token-file token"],
  flags: ADMIN_FLAGS,
  maxPositionals: 0,
  /** Fails where nano is not ready. */
  async run(args, context) {
    const client = await AdminClient.find(args, context);
    const [health, { apps }] = await Promise.all([client.ask<Health>("GET", "/admin/health"), client.ask<{ readonly apps: readonly AppStatus[] }>("GET", "/admin/apps")]);
    context.terminal.out(args.isSet("json") ? `${JSON.stringify({ ...health, apps }, null, 2)}\n` : text(health, apps));
    return health.is_ready ? EXIT.ok : EXIT.failure;
  },
};

function text({ is_ready, reasons, version, uptime_s, workers }: Health, apps: readonly AppStatus[]): string {
  return [
    `nano ${escapeControls(version)} is ${is_ready ? "ready" : "not ready"}, up for ${uptimeText(uptime_s)}\n`,
    ...reasons.map((reason) => `  ${reason.split("\n").map(escapeControls).join("\n  ")}\n`),
    "\n",
    table([{ title: "WORKER", of: ({ id }) => id }, { title: "PID", of: ({ pid }) => pid }, { title: "STATE", of: ({ state }) => state }], workers),
    "\n",
    appTable(apps),
  ].join("");
}

function uptimeText(seconds: number): string {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60)];
  return days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
