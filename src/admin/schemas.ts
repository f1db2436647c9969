/** CATALOGUE of the bodies and answers of the admin API, by the names that the OpenAPI document has for them. */
import * as v from "valibot";
import { appLimitsSchema, appSchema } from "../config/schema.ts";
import { envSchema } from "../config/env-schema.ts";
import { appStatusSchema, envReportSchema, healthSchema, reloadReportSchema } from "./replies.ts";

const variables = envSchema('Names and values: text, JSON, { "from_env": "NAME" } or { "from_file": "path" }.', '{ "GREETING": "hello" }');

export const schemas = {
  /** As in the config file; the operation checks it, against all other apps. */
  App: appSchema,
  Limits: appLimitsSchema,
  Env: v.strictObject({ env: v.exactOptional(variables), secrets: v.exactOptional(variables) }, "must be an object"),
  EnvPatch: v.strictObject(
    {
      set: v.pipe(v.exactOptional(variables), v.description("A name that is a secret stays one.")),
      secrets: v.exactOptional(variables),
      remove: v.exactOptional(v.array(v.string("must be a name"), "must be a list of names")),
    },
    "must be an object",
  ),
  AppStatus: appStatusSchema,
  AppList: v.object({ apps: v.array(appStatusSchema) }),
  EnvReport: envReportSchema,
  ReloadReport: reloadReportSchema,
  Health: healthSchema,
  Config: v.pipe(v.record(v.string(), v.any()), v.description("As a config file would say it, with every default filled in, and without the values of variables.")),
  Probe: v.object({ status: v.picklist(["ok", "not_ready"]) }),
  OpenApi: v.pipe(v.record(v.string(), v.any()), v.description("This document.")),
  Error: v.object({
    error: v.pipe(v.string(), v.description("A code, for programs.")),
    message: v.pipe(v.string(), v.description("For people.")),
    problems: v.optional(v.array(v.object({ file: v.optional(v.string()), line: v.optional(v.number()), column: v.optional(v.number()), field: v.string(), message: v.string(), hint: v.optional(v.string()) }))),
    id: v.optional(v.pipe(v.string(), v.description("Under which the log has more."))),
  }),
} as const;

export type SchemaName = keyof typeof schemas;
