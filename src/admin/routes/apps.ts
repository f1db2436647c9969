/** Apps: what there is, and every change of it. */
import { drainMs, optionalText, persist, type Reply, route } from "./route.ts";
import { OperationError } from "../operation-error.ts";
import type { Operations, RemoveOptions } from "../operations.ts";

const status = { about: "The app as it is now.", schema: "AppStatus" } as const;
const changes = ["unknown_app", "invalid", "hostname_taken", "load_failed", "config_changed", "not_persisted", "app_draining"] as const;

const removal = (drain: string | undefined, isPersistent: boolean): RemoveOptions => ({ persist: isPersistent, ...(drain === undefined ? {} : { drainMs: Number(drain) }) });

async function removed(operations: Operations, name: string, options: RemoveOptions): Promise<Reply> {
  return { status: 202, json: await operations.removeApp(name, options) };
}

export const appRoutes = [
  route({
    method: "get",
    path: "/admin/apps",
    summary: "All apps, those that drain included",
    replies: { 200: { about: "By name.", schema: "AppList" } },
    handle: async (_, operations) => ({ status: 200, json: { apps: await operations.apps() } }),
  }),
  route({
    method: "post",
    path: "/admin/apps",
    summary: "Add an app",
    query: { persist },
    body: "App",
    replies: { 201: { about: "It answers.", schema: "AppStatus" } },
    refuses: ["invalid", "name_taken", "hostname_taken", "load_failed", "config_changed", "not_persisted"],
    handle: async ({ body, query }, operations) => ({ status: 201, json: await operations.addApp(body, query) }),
  }),
  route({
    method: "delete",
    path: "/admin/apps",
    summary: "Remove the app that serves a host (older form)",
    query: { hostname: optionalText("One of the app's hosts."), drain_ms: drainMs, persist },
    replies: { 202: { about: "It takes nothing new, and drains.", schema: "AppStatus" } },
    refuses: ["bad_query", "unknown_app", "app_draining", "config_changed", "not_persisted"],
    async handle({ query }, operations) {
      const host = query.hostname?.toLowerCase();
      if (host === undefined) throw new OperationError("bad_query", { detail: "name the app's host: /admin/apps?hostname=app.example.com, or its name: /admin/apps/<name>" });
      const app = (await operations.apps()).find(({ hostnames }) => hostnames.includes(host));
      if (app === undefined) throw new OperationError("unknown_app", { detail: "no app serves this host" });
      return removed(operations, app.name, removal(query.drain_ms, query.persist));
    },
  }),
  route({
    method: "get",
    path: "/admin/apps/:name",
    summary: "One app; how far its drain is, after it was removed",
    replies: { 200: status },
    refuses: ["unknown_app"],
    handle: async ({ name }, operations) => ({ status: 200, json: await operations.app(name) }),
  }),
  route({
    method: "put",
    path: "/admin/apps/:name",
    summary: "Replace an app: the new revision loads, then takes over; the old one drains",
    query: { persist },
    body: "App",
    replies: { 200: status },
    refuses: [...changes, "name_taken"],
    handle: async ({ name, body, query }, operations) => ({ status: 200, json: await operations.replaceApp(name, body, query) }),
  }),
  route({
    method: "patch",
    path: "/admin/apps/:name/limits",
    summary: "Change some limits of an app",
    query: { persist },
    body: "Limits",
    replies: { 200: status },
    refuses: changes,
    handle: async ({ name, body, query }, operations) => ({ status: 200, json: await operations.patchLimits(name, body, query) }),
  }),
  route({
    method: "post",
    path: "/admin/apps/:name/lift",
    summary: "End the quarantine of an app: it is asked again at once",
    replies: { 200: status },
    refuses: ["unknown_app", "app_draining"],
    handle: async ({ name }, operations) => ({ status: 200, json: await operations.lift(name) }),
  }),
  route({
    method: "delete",
    path: "/admin/apps/:name",
    summary: "Remove an app: it takes nothing new, and drains",
    query: { drain_ms: drainMs, persist },
    replies: { 202: { about: "GET it for how far it is; it is gone when that says 404.", schema: "AppStatus" } },
    refuses: ["unknown_app", "app_draining", "config_changed", "not_persisted"],
    handle: ({ name, query }, operations) => removed(operations, name, removal(query.drain_ms, query.persist)),
  }),
];
