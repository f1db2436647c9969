/**
 * The CATALOGUE of what can go wrong outside an app: what a client is told instead of an app's answer, and what an operator is told about the
 * configuration, a command or an app's source. Operator errors carry data; the text is derived from it.
 */

/** Process exit codes. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** Whose doing it is: who can make it go away. */
export type Blame = "app" | "client" | "operator" | "nano";

export interface HttpError {
  readonly status: number;
  readonly blame: Blame;
  /** For logs and for `dev`; clients get the code alone. */
  readonly message: string;
  /** The request was not read to its end, or not understood: nothing after it on this connection can be trusted. */
  readonly closes?: boolean;
  /** Seconds, when whoever refused names none. Absent: no `Retry-After`. */
  readonly retryAfterS?: number;
}

export const httpErrors = {
  bad_request: { status: 400, blame: "client", closes: true, message: "the request is malformed" },
  bad_host: { status: 400, blame: "client", closes: true, message: "the Host header is missing, doubled or no host" },
  unknown_host: { status: 404, blame: "client", message: "no app serves this host" },
  method_not_allowed: { status: 405, blame: "client", closes: true, message: "nano does not serve this method" },
  request_timeout: { status: 408, blame: "client", closes: true, message: "the request's body came too slowly" },
  payload_too_large: { status: 413, blame: "client", closes: true, message: "the request's body exceeds max_body_mb" },
  uri_too_long: { status: 414, blame: "client", closes: true, message: "the request's target exceeds url_kb" },
  headers_too_large: { status: 431, blame: "client", closes: true, message: "the request's header fields exceed header_total_kb, header_kb or header_count" },
  /** nginx's status for a client that left before its answer; only ever logged. */
  client_gone: { status: 499, blame: "client", closes: true, message: "the client left before the answer" },
  app_exception: { status: 500, blame: "app", message: "the app threw" },
  internal_error: { status: 500, blame: "nano", message: "nano failed; the log has the request id and the reason" },
  not_implemented: { status: 501, blame: "client", closes: true, message: "the method is unknown" },
  bad_response: { status: 502, blame: "app", message: "the app answered with something that is no response, or with too many header fields" },
  cpu_limit: { status: 503, blame: "app", message: "the app used more CPU time than cpu_ms allows" },
  memory_limit: { status: 503, blame: "app", message: "the app used more memory than memory_mb allows" },
  overloaded: { status: 503, blame: "operator", retryAfterS: 1, message: "more requests than concurrency and queue allow, or no memory left" },
  quarantined: { status: 503, blame: "app", retryAfterS: 10, message: "the app was ended too often and rests" },
  draining: { status: 503, blame: "operator", closes: true, retryAfterS: 1, message: "the app or nano is stopping" },
  app_failed: { status: 503, blame: "app", message: "the app did not load" },
  isolate_lost: { status: 503, blame: "app", retryAfterS: 0, message: "another request of the same app ended the isolate" },
  wall_limit: { status: 504, blame: "app", message: "the app did not answer within wall_ms" },
  loop_detected: { status: 508, blame: "app", message: "the request came back to nano too often" },
} as const satisfies Record<string, HttpError>;

export type ErrorCode = keyof typeof httpErrors;

/** What a code says: the fault, and the way out where there is one to name. */
interface Said {
  readonly message: string;
  readonly hint?: string;
}
const say = (message: string, hint?: string): Said => (hint === undefined ? { message } : { message, hint });

const LEAST_CONFIG = 'the least that works: { "apps": [{ "hostname": "app.localhost", "path": "./app.js" }] }';

/** What an operator is told, by code. Texts never repeat a value that may be a secret: none of `env`, no URL, no source line. */
export const operatorErrors = {
  config_not_found: ({ meant }: { meant?: string | undefined }) => say("there is no such file", meant === undefined ? "name the config with --config <file>, or serve one app: nano serve ./app.js" : `did you mean ${meant}?`),
  config_no_environments: ({ asked }: { asked: string }) => say(`there are no environments in this file, and so no ${JSON.stringify(asked)}`, "leave out --env, or name a wrangler file that has it"),
  config_is_folder: ({ example }: { example: string }) => say("this is a folder, not a config file", `name the file in it, for example ${example}`),
  config_no_file: () => say("this is a device, a pipe or a socket, not a file", "write the config to a file"),
  config_unreadable: ({ reason }: { reason: string }) => say(`the file cannot be read (${reason})`, "allow the user that runs nano to read it"),
  config_too_large: ({ mostBytes }: { mostBytes: number }) => say(`the file has more than ${mostBytes} bytes`, "a config file has at most 1 MB: is this the right file?"),
  config_not_utf8: ({ isUtf16 }: { isUtf16: boolean }) => say(isUtf16 ? "the file is UTF-16" : "here is a byte that is not UTF-8", "save the file with the encoding UTF-8"),
  config_empty: () => say("the file is empty", LEAST_CONFIG),
  config_not_object: ({ found }: { found: string }) => say(`the file holds ${found}, not an object`, LEAST_CONFIG),
  config_too_deep: ({ most }: { most: number }) => say(`this is nested deeper than ${most} levels`, "no key needs that: is this the right file?"),
  config_syntax: ({ fault, hint }: { fault: string; hint?: string | undefined }) => say(fault, hint),
  config_unread: ({ named }: { named: string }) => say(`it is not read, because ${named} was named`, "leave that out to serve what the config says"),
  key_unknown: ({ key, hint }: { key: string; hint: string }) => say(`there is no key ${key}`, hint),
  key_twice: ({ line }: { line: number }) => say(`this key is there already, in line ${line}`, "keep one of the two"),
  key_missing: ({ key, example }: { key: string; example: string }) => say(`${key} is missing`, `add ${example}`),
  value_wrong: ({ fault, hint }: { fault: string; hint?: string | undefined }) => say(fault, hint),
  limit_bounds: ({ key, value, least, most, unit, help }: { key: string; value: number; least: number; most: number; unit: string; help: string }) =>
    say(`${value} is ${value < least ? "below the floor" : "above the ceiling"} of ${value < least ? least : most}${unit}`, `${key} is the ${help}: use a whole number from ${least} to ${most}`),
  limit_twice: ({ name, value, other, otherValue }: { name: string; value: number; other: string; otherValue: number }) => say(`${name} is ${value}, but ${other} is ${otherValue}`, "both name the same limit: keep one of them"),
  buffer_above_memory: ({ buffer, memory }: { buffer: number; memory: number }) => say(`this app may buffer ${buffer} MB, but has ${memory} MB of memory`, "lower max_buffer_size_mb or raise memory_mb"),
  assets_exposed: () => say("this folder holds the config itself, which everybody could read then", 'put the files into a folder of their own: "./public"'),
  assets_without_code: ({ key }: { key: string }) => say(`${key} says something about the app's code, and there is none`, 'remove it, or add "path": "./app.js"'),
  assets_binding_taken: ({ name, place }: { name: string; place: string }) => say(`${name} is a variable already: ${place}`, "give one of the two another name"),
  hostname_taken: ({ host, place }: { host: string; place: string }) => say(`the hostname ${host} is taken already: ${place}`, "every hostname belongs to one app: change or remove one of the two"),
  hostname_and_hostnames: () => say("hostname is there as well", "keep one of the two: hostname for one name, hostnames for a list"),
  hostname_needed: ({ name }: { name: string | null }) =>
    say(name === null ? "this app has neither a hostname nor a name" : `this app has no hostname, and its name ${name} is none either`, 'add "hostname": "app.example.com", or "default": true for all hosts that no other app has'),
  name_taken: ({ name, place }: { name: string; place: string }) => say(`the name ${name} is taken already: ${place}`, 'every app needs a name of its own: add "name"'),
  default_twice: ({ place }: { place: string }) => say(`there is a default app already: ${place}`, 'only one app can serve all other hosts: remove "default" from one of the two'),
  env_count: ({ name, most }: { name: string; most: number }) => say(`${name} is one variable too many: at most ${most} fit`, "move data into a file of the app"),
  env_name: () => say("this is no name for a variable", "use letters, digits, _, $, . and -, at most 128, not beginning with a digit"),
  env_value_size: ({ name, bytes, most }: { name: string; bytes: number; most: number }) => say(`the value of ${name} has ${bytes} bytes, and at most ${most} fit`, "move data into a file of the app"),
  env_size: ({ name, most }: { name: string; most: number }) => say(`with ${name} the variables have more than ${most} bytes in all`, "move data into a file of the app"),
  env_twice: ({ name }: { name: string }) => say(`${name} is in env as well`, "keep one of the two: a secret belongs to secrets alone"),
  env_reference: () => say("this names no source for a value", 'write { "from_env": "NAME" } or { "from_file": "path" }, with nothing beside it'),
  env_unset: ({ name, variable }: { name: string; variable: string }) => say(`${name} is to come from the environment variable ${variable}, which is not set`, "set it where nano is started"),
  env_file: ({ name, path, fault }: { name: string; path: string; fault: string }) => say(`${name} is to come from the file ${path}: ${fault}`, "a value is UTF-8 text of at most 5 KB, in a file that the user who runs nano may read"),
  env_required: ({ names, isDev }: { names: readonly string[]; isDev: boolean }) =>
    say(`required, and neither in env nor in secrets: ${names.join(", ")}`, isDev ? `add them to .dev.vars (${names[0]}=…), or give them with --var ${names[0]}=…` : "add them there, or name where they come from: { \"from_env\": \"NAME\" }"),
  secrets_exposed: ({ mode }: { mode: string }) => say(`this file holds secrets, and others may read it (mode ${mode})`, 'chmod 600 it, or name where the secrets come from: { "from_file": "path" }'),
  admin_token_twice: () => say("token is there as well", "keep one of the two"),
  admin_token_needed: () => say("a port needs a token: everybody on this machine can connect to it", 'add "token_file": "path", with a file that holds what "openssl rand -hex 32" prints'),
  admin_token_weak: ({ least }: { least: number }) => say(`the token is shorter than ${least} characters, or has others than printable ASCII without spaces`, 'make one with "openssl rand -hex 32"'),
  admin_token_source: ({ source, fault }: { source: string; fault: string }) => say(`the token is to come from ${source}: ${fault}`, "it has to be there when nano starts and when it reloads"),
  admin_not_local: ({ host }: { host: string }) => say(`${host} is not of this machine alone`, 'whoever has the token controls all apps: use "127.0.0.1", or say "public": true'),
  admin_public_port: () => say("the admin API is never on the port of the apps", 'give it one of its own: "port": 9100'),
  admin_public: ({ host }: { host: string }) => say(`the admin API listens on ${host}, without TLS`, "whoever reads the token on its way controls all apps: put TLS in front, or use the unix socket"),
  environment_refused: ({ name }: { name: string }) => say(`the environment variable ${name} is set`, "it would change what nano itself does: unset it and start again"),
  environment_value: ({ name, expected }: { name: string; expected: string }) => say(`the environment variable ${name} has a value that it cannot have`, `it can be ${expected}`),
} as const;

export type OperatorCode = keyof typeof operatorErrors;
type DataOf<C extends OperatorCode> = Parameters<(typeof operatorErrors)[C]>[0];

/** One thing that an operator has to mend. */
export interface Problem {
  readonly code?: OperatorCode;
  /** As the operator named it. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  /** Path of the field, such as `apps[0].limits.cpu_ms`. */
  readonly field?: string;
  readonly message: string;
  /** The way out. */
  readonly hint?: string;
  /** The lines around the place, with a mark. */
  readonly frame?: string;
}

/** Where a problem is, as far as that is known. */
export type Place = Pick<Problem, "file" | "line" | "column" | "field" | "frame">;

/** The problem `code` at `place`, put into words. */
export function problem<C extends OperatorCode>(code: C, data: DataOf<C>, place: Place = {}): Problem {
  return { ...place, code, ...(operatorErrors[code] as (data: DataOf<C>) => Said)(data) };
}

/** C0, C1, DEL, line separators and bidirectional overrides: a name in a config must not reach a terminal's controls. */
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** `file:line:column: field: message`, the frame, and the way out, each where there is one. */
export function formatProblem({ file, line, column, field, message, hint, frame }: Problem): string {
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}:${column ?? 1}`}: `;
  const lines = [`${place}${field === undefined || field === "" ? "" : `${field}: `}${message}`.replaceAll("\n", "\\n"), ...(frame === undefined || frame === "" ? [] : [frame]), ...(hint === undefined ? [] : [`  ${hint}`])];
  return lines.join("\n").replace(CONTROLS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Problems beyond these are counted in the text; all of them are in `problems`. */
const SHOWN_PROBLEMS = 20;

/** Something that an operator did, or has to do. All problems of one kind at once, not only the first. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[] | Problem) {
    const all = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    const rest = all.length - SHOWN_PROBLEMS;
    super([...all.slice(0, SHOWN_PROBLEMS).map(formatProblem), ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n"));
    this.problems = all;
  }
}
