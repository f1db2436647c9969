/** Variables of an app. Values go in and never come out. */
import * as v from "valibot";
import type { EnvChange } from "../operations.ts";
import { persist, route } from "./route.ts";

const report = { about: "Names and sizes.", schema: "EnvReport" } as const;
const refuses = ["unknown_app", "invalid", "load_failed", "config_changed", "not_persisted", "app_draining"] as const;
const path = "/admin/apps/:name/env";
const none: EnvChange = { set: {}, secrets: {}, remove: [], replace: false };
/** `?key=A&key=B` comes as a list. */
const keys = v.pipe(v.optional(v.union([v.pipe(v.string(), v.transform((key) => [key])), v.array(v.string())])), v.description("A variable to remove; may be there several times. Without it, all go."));

export const envRoutes = [
  route({
    method: "get",
    path,
    summary: "Names and sizes of an app's variables",
    replies: { 200: report },
    refuses: ["unknown_app"],
    handle: async ({ name }, operations) => ({ status: 200, json: await operations.envOf(name) }),
  }),
  route({
    method: "put",
    path,
    summary: "Replace all variables; holds from the next request on",
    query: { persist },
    body: "Env",
    replies: { 200: report },
    refuses,
    handle: async ({ name, body: { env = {}, secrets = {} }, query }, operations) => ({ status: 200, json: await operations.changeEnv(name, { ...none, set: env, secrets, replace: true }, query) }),
  }),
  route({
    method: "patch",
    path,
    summary: "Set and remove some variables; holds from the next request on",
    query: { persist },
    body: "EnvPatch",
    replies: { 200: report },
    refuses,
    handle: async ({ name, body, query }, operations) => ({ status: 200, json: await operations.changeEnv(name, { ...none, ...body }, query) }),
  }),
  route({
    method: "delete",
    path,
    summary: "Remove variables; holds from the next request on",
    query: { key: keys, persist },
    replies: { 200: report },
    refuses,
    handle: async ({ name, query: { key, persist } }, operations) => ({ status: 200, json: await operations.changeEnv(name, { ...none, remove: key ?? [], replace: key === undefined }, { persist }) }),
  }),
];
