/** `nano apps`: what a running nano serves, and changes of it. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AppStatus } from "../admin/replies.ts";
import { EXIT, OperatorError } from "../errors.ts";
import { escapeControls } from "../observe/log.ts";
import { ADMIN_FLAGS, AdminClient } from "./admin-client.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, UsageError } from "./command.ts";
import { tellReload } from "./reload.ts";
import { ago, megabytes, table } from "./table.ts";

const ACTIONS = ["list", "show", "add", "remove", "lift", "reload"] as const;
type Action = (typeof ACTIONS)[number];
const POLL_MS = 200;

export const apps: Command = {
  name: "apps",
  summary: "List, add and remove apps of a running nano",
  usage: "apps [list|show <app>|add <path>|remove <app>|lift <app>|reload] [flags]",
  examples: [
    "nano apps",
    "nano apps add ./shop --hostname shop.example.com",
    "nano apps add --from shop.json --persist",
    "nano apps show shop.example.com --json",
    "nano apps remove shop.example.com --drain-ms 5000",
    "nano apps lift shop.example.com    # end its quarantine",
    "nano apps reload",
  ],
  flags: {
    hostname: { type: "string", value: "host", help: "add: a host that the app serves; may be given several times", isList: true },
    name: { type: "string", value: "name", help: "add: the app's name; else its first host" },
    from: { type: "string", value: "file", help: "add: the app as in the config's apps, in JSON; - for standard input" },
    "drain-ms": { type: "string", value: "ms", help: "remove: how long what runs may go on, if that is less than the app's own" },
    wait: { type: "boolean", help: "remove: wait until it is gone (default); --no-wait returns at once" },
    persist: { type: "boolean", help: "write the config file too, so that the change outlasts nano" },
    ...ADMIN_FLAGS,
  },
  maxPositionals: 2,
  async run(args, context) {
    const [action = "list", what] = args.positionals;
    if (!(ACTIONS as readonly string[]).includes(action)) throw new UsageError(`nano apps does not know ${action}${didYouMean(action, ACTIONS)}; it knows ${ACTIONS.join(", ")}`);
    if (what !== undefined && (action === "list" || action === "reload")) throw new UsageError(`nano apps ${action} takes nothing more, got: ${what}`);
    return RUN[action as Action](args, what, await AdminClient.find(args, context), context);
  },
};

const RUN: Readonly<Record<Action, (args: Arguments, what: string | undefined, client: AdminClient, context: CommandContext) => Promise<number>>> = {
  async list(args, _, client, { terminal }) {
    const { apps: list } = await client.ask<{ readonly apps: readonly AppStatus[] }>("GET", "/admin/apps");
    terminal.out(args.isSet("json") ? `${JSON.stringify(list, null, 2)}\n` : appTable(list));
    return EXIT.ok;
  },
  async show(args, what, client, { terminal }) {
    const app = await client.ask<AppStatus>("GET", pathOf(named(what, "show")));
    terminal.out(args.isSet("json") ? `${JSON.stringify(app, null, 2)}\n` : details(app));
    return EXIT.ok;
  },
  async add(args, what, client, context) {
    const app = await client.ask<AppStatus>("POST", `/admin/apps${persistQuery(args, "?")}`, await newApp(args, what, context));
    context.terminal.out(args.isSet("json") ? `${JSON.stringify(app, null, 2)}\n` : `added ${escapeControls(app.name)}: revision ${app.revision}, ${app.state}\n`);
    return EXIT.ok;
  },
  async remove(args, what, client, { terminal }) {
    const name = named(what, "remove");
    const drain = args.text("drain-ms");
    if (drain !== undefined && !/^\d{1,6}$/.test(drain)) throw new UsageError(`--drain-ms is a number of milliseconds, not ${JSON.stringify(drain)}`);
    let app: AppStatus | null = await client.ask<AppStatus>("DELETE", `${pathOf(name)}?${drain === undefined ? "" : `drain_ms=${drain}`}${persistQuery(args, drain === undefined ? "" : "&")}`);
    const isWaiting = args.choice("wait") !== false;
    let told = 0;
    while (isWaiting && app !== null && app.state === "draining") {
      const inFlight: number = app.drain?.in_flight ?? app.in_flight;
      if (inFlight !== told && !args.isSet("json")) terminal.err(`${escapeControls(name)} drains: ${inFlight} in flight, until ${app.drain?.deadline ?? "they are done"}\n`);
      told = inFlight;
      await new Promise((done) => setTimeout(done, POLL_MS));
      app = await client.askIfThere<AppStatus>("GET", pathOf(name));
    }
    if (args.isSet("json")) terminal.out(`${JSON.stringify(app ?? { name, removed: true }, null, 2)}\n`);
    else terminal.out(isWaiting ? `removed ${escapeControls(name)}\n` : `${escapeControls(name)} drains\n`);
    return EXIT.ok;
  },
  async lift(args, what, client, { terminal }) {
    const app = await client.ask<AppStatus>("POST", `${pathOf(named(what, "lift"))}/lift`);
    terminal.out(args.isSet("json") ? `${JSON.stringify(app, null, 2)}\n` : `${escapeControls(app.name)} is ${app.state}\n`);
    return EXIT.ok;
  },
  reload: (args, _, client, { terminal }) => tellReload(client, args.isSet("json"), terminal),
};

export function appTable(list: readonly AppStatus[]): string {
  if (list.length === 0) return "there are no apps\n";
  const nowMs = Date.now();
  return table<AppStatus>(
    [
      { title: "NAME", of: ({ name }) => name },
      { title: "STATE", of: ({ state, error }) => (error === null || state === "failed" ? state : `${state}, newest failed`) },
      { title: "REV", of: ({ revision }) => revision },
      { title: "HOSTS", of: ({ hostnames, is_default }) => [...hostnames, ...(is_default ? ["*"] : [])].join(" ") },
      { title: "REQUESTS", of: ({ requests }) => requests },
      { title: "ERRORS", of: ({ errors }) => errors },
      { title: "KILLS", of: ({ kills }) => Object.values(kills).reduce((sum, n) => sum + n, 0) },
      { title: "IN FLIGHT", of: ({ in_flight }) => in_flight },
      { title: "CPU", of: ({ cpu_ms }) => `${Math.round(cpu_ms)} ms` },
      { title: "MEMORY", of: ({ memory_bytes }) => megabytes(memory_bytes) },
      { title: "LAST", of: ({ last_request_at }) => ago(last_request_at, nowMs) },
    ],
    list,
  );
}

function details(app: AppStatus): string {
  const { limits, error, kills, drain, retiring, ...rest } = app;
  const lines: (readonly [string, string])[] = [
    ...Object.entries(rest).map(([key, value]) => [key, Array.isArray(value) ? value.join(", ") : String(value ?? "-")] as const),
    ["kills", Object.entries(kills).map(([reason, n]) => `${reason} ${n}`).join(", ") || "-"],
    ...(drain === null ? [] : [["drain", `${drain.reason}, ${drain.in_flight} in flight, until ${drain.deadline}`] as const]),
    ...retiring.map((one) => ["retiring", `revision ${one.revision}, ${one.in_flight} in flight, until ${one.deadline}`] as const),
    ["limits", Object.entries(limits).map(([key, value]) => `${key} ${value}`).join(", ")],
    ...(error === null ? [] : [["error", error] as const]),
  ];
  const width = Math.max(...lines.map(([key]) => key.length)) + 2;
  return lines.map(([key, value]) => `${key.padEnd(width)}${value.split("\n").map(escapeControls).join(`\n${" ".repeat(width)}`)}\n`).join("");
}

async function newApp(args: Arguments, path: string | undefined, { terminal }: CommandContext): Promise<object> {
  const from = args.text("from");
  if (from !== undefined && path !== undefined) throw new UsageError("--from and a path exclude each other: name one of them");
  if (from === undefined && path === undefined) throw new UsageError("nano apps add needs the app's file or folder, or --from <file>");
  const hostnames = args.texts("hostname");
  const own = { ...(args.text("name") === undefined ? {} : { name: args.text("name") }), ...(hostnames.length === 0 ? {} : hostnames.length === 1 ? { hostname: hostnames[0] } : { hostnames }) };
  // A path is relative to where the command runs; in what --from holds it is as the config has it.
  if (path !== undefined) return { ...own, path: resolve(terminal.cwd, path) };
  const file = from as string;
  const text = file === "-" ? await terminal.input() : await readFile(resolve(terminal.cwd, file), "utf8").catch((error: { code?: string }) => {
    throw new OperatorError({ file, message: `the file cannot be read (${error.code ?? "unknown error"})` });
  });
  try {
    return { ...(JSON.parse(text) as object), ...own };
  } catch {
    throw new OperatorError({ file: file === "-" ? "standard input" : file, message: "this is not JSON", hint: 'one app, as in the config: { "hostname": "shop.example.com", "path": "./shop" }' });
  }
}

export function pathOf(name: string): string {
  return `/admin/apps/${encodeURIComponent(name)}`;
}

export function persistQuery(args: Arguments, mark: string): string {
  return args.isSet("persist") ? `${mark}persist=true` : "";
}

function named(what: string | undefined, action: string): string {
  if (what === undefined) throw new UsageError(`nano apps ${action} needs the name of an app; nano apps shows them`);
  return what;
}
