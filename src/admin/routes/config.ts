/** The configuration as a whole. */
import { route } from "./route.ts";

export const configRoutes = [
  route({
    method: "get",
    path: "/admin/config",
    summary: "What holds now, every default filled in, without values of variables",
    replies: { 200: { about: "The configuration.", schema: "Config" } },
    handle: async (_, operations) => ({ status: 200, json: await operations.config() }),
  }),
  route({
    method: "post",
    path: "/admin/reload",
    summary: "Read the config file again, as SIGHUP does",
    replies: { 200: { about: "What changed.", schema: "ReloadReport" } },
    refuses: ["config_invalid"],
    handle: async (_, operations) => ({ status: 200, json: await operations.reload() }),
  }),
];
