/**
 * The shape of nano.json: the one source of the validation, of the JSON Schema that editors use, and of the key names that suggestions draw on.
 * A new key is one entry here. A message is "fault" or "fault\nway out"; descriptions and defaults are for editors.
 */
import * as v from "valibot";
import { parseHostPattern } from "../base/host-name.ts";
import { type Limit, type LimitKey, limitKeys, limits, type LimitScope } from "../limits.ts";
import { buildSchema } from "./build-settings.ts";
import { egressFault, listenAddress, rangeFault } from "./addresses.ts";
import { HTML_HANDLINGS, NOT_FOUND_HANDLINGS } from "../bindings/assets/settings.ts";
import type { Json } from "./config.ts";
import { envSchema, isEnvName, referenceOf } from "./env-schema.ts";

export const DEFAULT_PORT = 3000;
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_ADMIN_HOST = "127.0.0.1";
export const DEFAULT_LOG = { format: "json", level: "info" } as const;

const about = <T>(description: string, standard?: Json) => v.metadata<T, Record<string, unknown>>(standard === undefined ? { description } : { description, default: standard });

const UNIT: Readonly<Record<Limit["unit"], string>> = { ms: " ms", us: " µs", s: " s", mb: " MB", kb: " KB", count: "" };

/** The unit of `key` behind a number; empty for counts. */
export function unitOf(key: LimitKey): string {
  return UNIT[limits[key].unit];
}

/** Out of bounds is told with the name in use, which the path has: `limit_bounds` of `errors.ts`. */
function limitSchema(key: LimitKey, description?: string) {
  const { default: standard, least, most, help, past }: Limit = limits[key];
  const wrong = `must be a whole number from ${least} to ${most}${unitOf(key)}\nit is the ${help}`;
  return v.pipe(
    v.number(wrong),
    v.integer(wrong),
    v.minValue(least),
    v.maxValue(most),
    about<number>(description ?? `The ${help}, ${least} to ${most}${unitOf(key)}. Past it: ${past}.`, standard),
  );
}

function limitsSchema(scope: LimitScope, description: string) {
  const entries = Object.fromEntries(limitKeys(scope).map((key) => [key, v.exactOptional(limitSchema(key))]));
  return v.pipe(v.strictObject(entries as Record<LimitKey, v.ExactOptionalSchema<ReturnType<typeof limitSchema>, undefined>>, "must be an object of limits"), about(description));
}

const flag = (description: string, standard: boolean) => v.pipe(v.boolean("must be true or false"), about<boolean>(description, standard));
const checked = (expected: string, faultOf: (text: string) => { readonly fault: string; readonly hint: string } | null) => {
  const told = (text: string) => {
    const wrong = faultOf(text);
    return wrong === null ? "" : `${wrong.fault}\n${wrong.hint}`;
  };
  return v.pipe(v.string(`must be ${expected}`), v.check((text) => faultOf(text) === null, ({ input }) => told(input)));
};
const faultUnless = (isRight: (text: string) => boolean, fault: string, hint: string) => (text: string) => (isRight(text) ? null : { fault, hint });

const list = (values: readonly string[]) => `must be one of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
const hostname = checked("a hostname", faultUnless((text) => parseHostPattern(text) !== null, "this is no hostname", 'write "app.example.com", "*.example.com" or "[::1]", without scheme, port and path'));
const exactHost = checked("a hostname", faultUnless((text) => parseHostPattern(text) !== null && !text.startsWith("*"), "this is no hostname", 'for example "admin.example.com", without scheme, port and path'));
export const appLimitsSchema = limitsSchema("app", "Limits by name.");
const shorthands = {
  timeout_ms: v.exactOptional(limitSchema("cpu_ms", "The older name of limits.cpu_ms.")),
  memory_mb: v.exactOptional(limitSchema("memory_mb", "The same as limits.memory_mb.")),
  max_buffer_size_mb: v.exactOptional(limitSchema("max_buffer_size_mb", "The same as limits.max_buffer_size_mb.")),
  limits: v.exactOptional(appLimitsSchema),
};

function isUpstream(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.hash === "";
}

const workerFirst = 'must be true, false or a list of paths: "/api/*", "!/api/docs/*"';
const assetsSchema = v.pipe(
  v.strictObject(
    {
      directory: v.pipe(checked("a path", faultUnless((text) => text !== "" && !text.includes("\0"), "this is no path", 'name the folder of the files, relative to the config: "./public"')), about<string>("The folder of the files, relative to this file.")),
      binding: v.exactOptional(v.pipe(checked("a name", faultUnless(isEnvName, "this is no name for a variable", 'for example "ASSETS"')), about<string>("Under which name the app's code finds them in env, to fetch() from. Unless set, it does not."))),
      html_handling: v.exactOptional(v.pipe(v.picklist(HTML_HANDLINGS, list(HTML_HANDLINGS)), about("How pages are spelled in URLs: /about and /docs/ for about.html and docs/index.html, always or never with a slash at the end, or as the files are. Other spellings redirect.", "auto-trailing-slash"))),
      not_found_handling: v.exactOptional(v.pipe(v.picklist(NOT_FOUND_HANDLINGS, list(NOT_FOUND_HANDLINGS)), about("What answers for paths that are no file, where no code does and when a browser goes there: nothing, the nearest 404.html, or /index.html.", "none"))),
      run_worker_first: v.exactOptional(
        v.pipe(
          v.union([v.boolean(), v.array(v.pipe(v.string(), v.check((text) => /^!?\//.test(text), workerFirst)))], workerFirst),
          about<boolean | string[]>("The app's code gets requests although there is a file: all, or those whose path matches one of the list, where * stands for anything and ! in front names paths that the code never gets.", false),
        ),
      ),
    },
    "must be an object",
  ),
  about("Static files, served beside the app's code or without any."),
);

const ISOLATIONS = ["app", "request"] as const;

export const appSchema = v.strictObject(
  {
    name: v.exactOptional(
      v.pipe(
        checked("a name", faultUnless((text) => /^[\w.*[\]:-]{1,253}$/.test(text), "a name has 1 to 253 letters, digits, and . _ -", 'for example "blog"')),
        about<string>("Names the app in logs and commands. Unless set, its first hostname."),
      ),
    ),
    hostname: v.exactOptional(v.pipe(hostname, about<string>("The host that the app serves: exact, or *.example.com for all below it. Unless set, the name."))),
    hostnames: v.exactOptional(v.pipe(v.array(hostname, "must be a list of hostnames"), v.minLength(1, 'the list is empty\nname at least one host, or remove "hostnames"'), about<string[]>("Several hosts, in place of hostname."))),
    path: v.exactOptional(
      v.pipe(
        checked("a path", faultUnless((text) => text !== "" && !text.includes("\0"), "this is no path", 'name the app\'s file or folder, relative to the config: "./app.js"')),
        about<string>("The app's file or folder, relative to this file. Only an app of static files alone, which has assets, has none."),
      ),
    ),
    main: v.exactOptional(
      v.pipe(
        checked("a path", faultUnless((text) => text !== "" && !text.includes("\0"), "this is no path", 'name the file in the app\'s folder: "src/index.ts"')),
        about<string>("The file in that folder that the app starts with. Unless set, what package.json names, or index.* and the like."),
      ),
    ),
    build: v.exactOptional(buildSchema),
    assets: v.exactOptional(assetsSchema),
    default: v.exactOptional(flag("Serves hosts that no other app has. An app alone does so anyway.", false)),
    env: v.exactOptional(envSchema('What the app finds in env: strings, JSON values, { "from_env": "NAME" } or { "from_file": "path" }.', '"env": { "GREETING": "hello" }')),
    secrets: v.exactOptional(envSchema("Like env, and never shown again: not in logs, errors, metrics or the admin API.", '"secrets": { "API_KEY": { "from_env": "API_KEY" } }')),
    required_env: v.exactOptional(v.pipe(v.array(checked("a name", faultUnless(isEnvName, "this is no name for a variable", 'for example "API_KEY"')), "must be a list of names"), about<string[]>("Variables without which the app is not to start."))),
    ...shorthands,
    fallback: v.exactOptional(
      v.pipe(
        checked("a URL", faultUnless(isUpstream, "this is no http or https URL that can be used", 'write it without user, password and #fragment: "https://upstream.example.com"')),
        about<string>("Upstream for requests on which the app threw after passThroughOnException()."),
      ),
    ),
    egress: v.exactOptional(
      v.pipe(
        v.strictObject({ allow: v.exactOptional(v.pipe(v.array(checked("a host or a range", egressFault), "must be a list"), about<string[]>("Hosts, host:port, addresses or CIDR ranges that may be fetched although they are not public."))) }, "must be an object"),
        about("What the app may fetch beyond public addresses."),
      ),
    ),
    isolation: v.exactOptional(v.pipe(v.picklist(ISOLATIONS, list(ISOLATIONS)), about("What requests share: \"app\" lets them share isolates and what modules keep in variables; \"request\" gives each a fresh isolate, as it was after the top level.", "app"))),
    watch: v.exactOptional(flag("Reload the app when its source changes. On in nano dev.", false)),
  },
  "must be an object",
);

const port = "must be a port: a whole number from 0 to 65535";
const portSchema = (description: string, standard?: number) => v.pipe(v.number(port), v.integer(port), v.minValue(0, port), v.maxValue(65_535, port), about<number>(description, standard));
const addressSchema = (description: string, standard: string) =>
  v.pipe(checked("an address", faultUnless((text) => listenAddress(text) !== null, "this is no address to listen on", '"127.0.0.1" serves this machine only, "0.0.0.0" all networks; the port has a key of its own')), about<string>(description, standard));
const fileSchema = (description: string) => v.pipe(checked("a path", faultUnless((text) => text !== "" && !text.includes("\0"), "this is no path", "it is relative to the config")), about<string>(description));
export const LOG_FORMATS = ["json", "text", "apache"] as const;
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

const tokenFault = 'must be text, { "from_env": "NAME" } or { "from_file": "path" }';
const adminSchema = v.strictObject(
  {
    enabled: v.exactOptional(flag("Offer the admin API.", true)),
    socket: v.exactOptional(fileSchema("Unix socket to listen on, for this user alone. Unless set, one in the user's runtime folder, named after this file.")),
    port: v.exactOptional(portSchema("TCP port to listen on besides; it needs a token. 0 lets the system choose.")),
    host: v.exactOptional(addressSchema("Address of that port; beyond this machine only with public.", DEFAULT_ADMIN_HOST)),
    hostnames: v.exactOptional(v.pipe(v.array(exactHost, "must be a list of hostnames"), about<string[]>("Names besides that address under which clients may ask for the admin API.", []))),
    token: v.exactOptional(
      v.pipe(v.custom<Json>((value) => typeof value === "string" || (referenceOf(value) !== null && referenceOf(value) !== "wrong"), tokenFault), v.metadata({ type: ["string", "object"], description: 'What clients of the port have to know: at least 32 characters, { "from_env": "NAME" } or { "from_file": "path" }.' })),
    ),
    token_file: v.exactOptional(fileSchema("File with the token. It is read again when the config is.")),
    public: v.exactOptional(flag("The port may be on a network.", false)),
  },
  "must be an object",
);

export const configSchema = v.strictObject(
  {
    $schema: v.exactOptional(v.string("must be a string")),
    port: v.exactOptional(portSchema("Port to listen on; 0 lets the system choose.", DEFAULT_PORT)),
    host: v.exactOptional(addressSchema("Address to listen on.", DEFAULT_HOST)),
    workers: v.exactOptional(
      v.pipe(
        v.union([v.literal("auto"), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(limits.workers.most))], `must be "auto" or a whole number from 0 to ${limits.workers.most}`),
        about<"auto" | number>('Processes that serve, all on the one port: a number, "auto" for one per core that nano may use, 0 for everything in one process.', "auto"),
      ),
    ),
    log: v.exactOptional(
      v.pipe(
        v.strictObject(
          {
            format: v.exactOptional(v.pipe(v.picklist(LOG_FORMATS, list(LOG_FORMATS)), about("How log lines are written.", DEFAULT_LOG.format))),
            level: v.exactOptional(v.pipe(v.picklist(LOG_LEVELS, list(LOG_LEVELS)), about("The least level that is written.", DEFAULT_LOG.level))),
          },
          "must be an object",
        ),
        about("What nano writes to standard output."),
      ),
    ),
    trusted_proxies: v.exactOptional(v.pipe(v.array(checked("an address", rangeFault), "must be a list of addresses"), about<string[]>("Addresses and CIDR ranges whose X-Forwarded-* are believed.", []))),
    drain_ms: v.exactOptional(limitSchema("drain_ms")),
    server: v.exactOptional(
      v.pipe(
        v.strictObject(
          {
            memory_mb: v.exactOptional(limitSchema("process_memory_mb")),
            drain_delay_ms: v.exactOptional(limitSchema("drain_delay_ms")),
            disk_cache: v.exactOptional(v.pipe(v.union([v.literal(false), v.pipe(v.string(), v.nonEmpty())], "must be a folder, or false"), about<string | false>("Folder that keeps bundled apps for the next start, for this user alone; false for none. Else $CACHE_DIRECTORY, $XDG_CACHE_HOME/nano or ~/.cache/nano."))),
            disk_cache_mb: v.exactOptional(limitSchema("disk_cache_mb")),
            reserved_paths: v.exactOptional(flag("Answer /health, /healthz and /readyz on every host, in place of the apps. Else only on hosts that no app serves.", false)),
            shared_pages: v.exactOptional(flag("Isolates share what they have not changed, on Linux: one that is idle has some 150 KB of its own in place of a megabyte. Else each is a whole copy.", true)),
          },
          "must be an object",
        ),
        about("The process as a whole."),
      ),
    ),
    admin: v.exactOptional(v.pipe(adminSchema, about("Where the admin API listens."))),
    limits: v.exactOptional(limitsSchema("server", "Limits of the whole server, by name.")),
    defaults: v.exactOptional(v.pipe(v.strictObject(shorthands, "must be an object"), about("What every app starts from."))),
    apps: v.pipe(v.array(appSchema, "must be a list of apps"), v.minLength(1, 'there are no apps\nadd one: { "hostname": "app.localhost", "path": "./app.js" }'), about("The apps.")),
  },
  "must be an object",
);

export type RawConfig = v.InferOutput<typeof configSchema>;
export type RawApp = v.InferOutput<typeof appSchema>;
export type RawLimits = Pick<RawApp, keyof typeof shorthands>;

/** Objects with keys, as messages name them. `at` is the path without indices. */
export const KEY_HOMES: readonly { readonly at: string; readonly called: string }[] = [
  { at: "apps.limits", called: 'the "limits" of an app' },
  { at: "apps", called: "an app" },
  { at: "", called: "the top level" },
  { at: "defaults", called: '"defaults"' },
  { at: "defaults.limits", called: 'the "limits" of "defaults"' },
  { at: "limits", called: '"limits" at the top level' },
  { at: "log", called: '"log"' },
  { at: "server", called: '"server"' },
  { at: "admin", called: '"admin"' },
  { at: "apps.build", called: 'the "build" of an app' },
  { at: "apps.egress", called: 'the "egress" of an app' },
  { at: "apps.assets", called: 'the "assets" of an app' },
];

/** What other systems call our keys. */
export const FOREIGN_KEYS: Readonly<Record<string, string>> = Object.assign(Object.create(null), { secret: "secrets", required: "required_env", vars: "env", environment: "env", domain: "hostname", domains: "hostnames", host: "hostname", hosts: "hostnames", routes: "hostnames", entry: "path", entrypoint: "path", script: "path", file: "path", memory: "memory_mb", timeout: "timeout_ms", sites: "apps", functions: "apps", logging: "log", listen: "port" });
