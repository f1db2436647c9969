/** `nano reload`: a running nano reads its config again, and says what that changed. */
import type { ReloadReport } from "../admin/replies.ts";
import { EXIT } from "../errors.ts";
import { escapeControls } from "../observe/log.ts";
import { ADMIN_FLAGS, AdminClient } from "./admin-client.ts";
import type { Command, Terminal } from "./command.ts";

export const reload: Command = {
  name: "reload",
  summary: "Have a running nano read its config and sources again",
  usage: "reload [flags]",
  examples: ["nano reload", "nano reload --config /etc/nano/nano.json", "nano reload --json"],
  flags: ADMIN_FLAGS,
  maxPositionals: 0,
  run: async (args, context) => tellReload(await AdminClient.find(args, context), args.isSet("json"), context.terminal),
};

/** Fails where an app did not load: it goes on as it was, and somebody has to look. */
export async function tellReload(client: AdminClient, isJson: boolean, terminal: Terminal): Promise<number> {
  const report = await client.ask<ReloadReport>("POST", "/admin/reload");
  if (isJson) terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  else terminal.out(reloadText(report));
  return report.failed.length === 0 ? EXIT.ok : EXIT.failure;
}

export function reloadText({ is_changed, added, removed, replaced, needs_restart, failed }: ReloadReport): string {
  const lines = [
    ...added.map((name) => `added    ${name}`),
    ...replaced.map(({ name, fields }) => `changed  ${name}${fields.length === 0 ? "" : ` (${fields.join(", ")})`}`),
    ...removed.map((name) => `removed  ${name}`),
    ...failed.map(({ name, error }) => `failed   ${name}: ${error.split("\n")[0] ?? ""}`),
    ...(needs_restart.length === 0 ? [] : [`changed, and needs a restart: ${needs_restart.join(", ")}`]),
  ];
  if (!is_changed && lines.length === 0) return "nothing changed\n";
  return lines.map((line) => `${escapeControls(line)}\n`).join("");
}
