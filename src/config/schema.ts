/** The shape of nano.json: the one source of the validation, of the JSON Schema that editors use, and of the key names that suggestions draw on. */
import * as v from "valibot";
import { type Limit, type LimitKey, limitKeys, limits, type LimitScope } from "../limits.ts";

function limitSchema(key: LimitKey) {
  const { unit, default: standard, least, most, help, past }: Limit = limits[key];
  const range = `must be ${least} to ${most} (${unit})`;
  return v.pipe(
    v.number(`must be a number, ${least} to ${most} (${unit})`),
    v.finite(range),
    v.minValue(least, range),
    v.maxValue(most, range),
    v.description(`${help}, in ${unit === "count" ? "units" : unit}; ${least} to ${most}, ${standard} unless set. Past it: ${past}.`),
  );
}

function limitsSchema(scope: LimitScope) {
  const entries = Object.fromEntries(limitKeys(scope).map((key) => [key, v.optional(limitSchema(key))]));
  return v.pipe(v.strictObject(entries), v.description("Limits by name."));
}

const text = (what: string) => v.pipe(v.string(`must be ${what}`), v.nonEmpty(`must be ${what}`));
const hostname = v.pipe(text('a hostname such as "app.example.com", "*.example.com" or "[::1]"'), v.description("A host that the app serves: exact, or *.example.com for all below it."));
const timeout = v.optional(v.pipe(limitSchema("cpu_ms"), v.description("The older name of limits.cpu_ms.")));
const memory = v.optional(limitSchema("memory_mb"));
const json = v.lazy(() => jsonValue);
const jsonValue: v.GenericSchema<unknown> = v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(json), v.record(v.string(), json)], "must be a string or a JSON value");

export const appSchema = v.strictObject({
  name: v.optional(v.pipe(text("a name"), v.regex(/^[\w.*[\]:-]{1,253}$/, "may hold letters, digits, and . _ - only"), v.description("Names the app in logs and commands. The first hostname unless set."))),
  hostname: v.optional(hostname),
  hostnames: v.optional(v.pipe(v.array(hostname, "must be a list of hostnames"), v.minLength(1, "must name at least one host"), v.description("Several hosts, in place of hostname."))),
  path: v.pipe(text("a path"), v.description("The app's file or folder, relative to this file.")),
  default: v.optional(v.pipe(v.boolean("must be true or false"), v.description("Serves hosts that no other app claims."))),
  env: v.optional(v.pipe(v.record(v.string(), jsonValue, "must be an object of names and values"), v.description("What the app finds in env: strings or JSON values."))),
  timeout_ms: timeout,
  memory_mb: memory,
  max_buffer_size_mb: v.optional(limitSchema("max_buffer_size_mb")),
  limits: v.optional(limitsSchema("app")),
  fallback: v.optional(v.pipe(v.string("must be a URL"), v.url("must be an http or https URL"), v.regex(/^https?:/, "must be an http or https URL"), v.description("Upstream for requests on which the app threw after passThroughOnException()."))),
  egress: v.optional(
    v.pipe(
      v.strictObject({ allow: v.optional(v.pipe(v.array(text("a host, host:port or CIDR"), "must be a list"), v.description("Hosts, host:port or CIDRs that may be fetched although they are not public."))) }),
      v.description("What the app may fetch beyond public addresses."),
    ),
  ),
  watch: v.optional(v.pipe(v.boolean("must be true or false"), v.description("Reload the app when its source changes. On in nano dev."))),
});

export const configSchema = v.strictObject({
  $schema: v.optional(v.string("must be a string")),
  port: v.optional(v.pipe(v.number("must be a port, 0 to 65535"), v.integer("must be a port, 0 to 65535"), v.minValue(0, "must be a port, 0 to 65535"), v.maxValue(65_535, "must be a port, 0 to 65535"), v.description("Port to listen on; 0 lets the system choose. 3000 unless set."))),
  host: v.optional(v.pipe(text("an address"), v.description("Address to listen on. 127.0.0.1 unless set."))),
  log: v.optional(
    v.strictObject({
      format: v.optional(v.picklist(["json", "text", "apache"], 'must be "json", "text" or "apache"')),
      level: v.optional(v.picklist(["debug", "info", "warn", "error"], 'must be "debug", "info", "warn" or "error"')),
    }),
  ),
  trusted_proxies: v.optional(v.pipe(v.array(text("an address or CIDR"), "must be a list"), v.description("Addresses and CIDRs whose X-Forwarded-* are believed."))),
  drain_ms: v.optional(limitSchema("drain_ms")),
  limits: v.optional(limitsSchema("server")),
  defaults: v.optional(v.pipe(v.strictObject({ timeout_ms: timeout, memory_mb: memory, limits: v.optional(limitsSchema("app")) }), v.description("What every app starts from."))),
  apps: v.optional(v.pipe(v.array(appSchema, "must be a list of apps"), v.description("The apps."))),
});

export type RawConfig = v.InferOutput<typeof configSchema>;
export type RawApp = v.InferOutput<typeof appSchema>;
