/** The Python handlers of web-platform-tests that the tests of fetch, xhr and FileAPI ask for, done again. */
import { type Field, respond, startStream, type WireRequest } from "./connection.ts";
import { cors, type Handler } from "./handler.ts";
import { redirect } from "./redirect-handler.ts";

const PLAIN_TEXT: Field = ["Content-Type", "text/plain"];
const ANY_ORIGIN: Field = ["Access-Control-Allow-Origin", "*"];

const echoFields = (request: WireRequest): Field[] => [
  ["X-Request-Method", request.method],
  ["X-Request-Content-Length", request.header("content-length") ?? "NO"],
  ["X-Request-Content-Type", request.header("content-type") ?? "NO"],
];

const status: Handler = (request) => {
  const { query } = request;
  return respond(request, [query.get("code") ?? 200, query.get("text") ?? "OMG"], [["Content-Type", query.get("type") ?? ""], ["X-Request-Method", request.method]], query.get("content"));
};

const inspectHeaders: Handler = (request) => {
  const { query } = request;
  const names = (query.get("headers") ?? "").split("|").filter((name) => name !== "");
  const fields: Field[] = names.filter((name) => request.header(name.toLowerCase()) !== undefined).map((name) => [`x-request-${name}`, request.header(name.toLowerCase()) as string]);
  if (query.has("cors"))
    fields.push(
      ["Access-Control-Allow-Origin", request.header("origin") ?? "*"], ["Access-Control-Allow-Credentials", "true"], ["Access-Control-Allow-Methods", "GET, POST, HEAD"],
      ["Access-Control-Expose-Headers", names.map((name) => `x-request-${name}`).join(", ")],
      ["Access-Control-Allow-Headers", query.get("allow_headers") ?? request.fields.map(([name]) => name).join(", ")],
    );
  return respond(request, 200, [...fields, PLAIN_TEXT]);
};

const method: Handler = (request) => {
  const fields: Field[] = request.query.has("cors")
    ? [ANY_ORIGIN, ["Access-Control-Allow-Credentials", "true"], ["Access-Control-Allow-Methods", "GET, POST, PUT, FOO"], ["Access-Control-Allow-Headers", "x-test, x-foo"], ["Access-Control-Expose-Headers", "x-request-method"]]
    : [];
  fields.push(["x-request-method", request.method]);
  for (const name of ["type", "length", "encoding", "language", "location"]) fields.push([`x-request-content-${name}`, request.header(`content-${name}`) ?? "NO"]);
  return respond(request, 200, fields, request.body);
};

interface PreflightState {
  headers: string | null;
  isPreflighted: string;
  referrer: string;
  userAgent: string | undefined;
}

const preflight: Handler = (request, stash) => {
  const { query } = request;
  const token = query.get("token") ?? "";
  const fields: Field[] = [PLAIN_TEXT];
  let state: PreflightState = { headers: "", isPreflighted: "0", referrer: "", userAgent: "" };
  for (const origin of query.get("origin")?.split(", ") ?? ["*"]) fields.push(["Access-Control-Allow-Origin", origin]);
  if (query.has("clear-stash")) return respond(request, 200, fields, stash.take(token, request.path) === null ? "0" : "1");
  if (query.has("credentials")) fields.push(["Access-Control-Allow-Credentials", "true"]);
  if (request.method === "OPTIONS") {
    if (request.header("access-control-request-method") === undefined) return respond(request, 400, [], "no access-control-request-method in the preflight");
    if (query.has("control_request_headers")) state.headers = request.header("access-control-request-headers") ?? null;
    for (const [name, field] of [["max_age", "Max-Age"], ["allow_headers", "Allow-Headers"], ["allow_methods", "Allow-Methods"]] as const)
      if (query.has(name)) fields.push([`Access-Control-${field}`, query.get(name) as string]);
    state = { ...state, isPreflighted: "1", referrer: request.header("referer") ?? "", userAgent: request.header("user-agent") };
    if (token !== "") stash.put(token, state, request.path);
    return respond(request, Number(query.get("preflight_status") ?? 200), fields);
  }
  if (token !== "") state = stash.take<PreflightState>(token, request.path) ?? state;
  if (query.has("checkUserAgentHeaderInPreflight") && request.header("user-agent") !== state.userAgent) return respond(request, 400, fields, "no user-agent in the preflight");
  fields.push(["Access-Control-Expose-Headers", "x-did-preflight, x-control-request-headers, x-referrer, x-preflight-referrer, x-origin"], ["x-did-preflight", state.isPreflighted]);
  if (state.headers !== null) fields.push(["x-control-request-headers", state.headers]);
  fields.push(["x-preflight-referrer", state.referrer], ["x-referrer", request.header("referer") ?? ""], ["x-origin", request.header("origin") ?? ""]);
  if (token !== "") stash.put(token, state, request.path);
  return respond(request, 200, fields);
};

const infinite: Handler = async (request, stash) => {
  const stateKey = request.query.get("stateKey");
  const abortKey = request.query.get("abortKey");
  const note = (state: string): void => {
    if (stateKey !== undefined) stash.put(stateKey, state, request.folder);
  };
  note("open");
  startStream(request, [PLAIN_TEXT]);
  request.socket.write(".".repeat(2_048));
  for (let i = 0; i < 6_000 && !request.isClosed; i++) {
    request.socket.write(".");
    if (abortKey !== undefined && stash.take(abortKey, request.folder) !== null) break;
    await Bun.sleep(10);
  }
  note("closed");
  return false;
};

/** The head after a while, then `piece` again and again. */
async function dribble(request: WireRequest, fields: readonly Field[], piece: string, defaultMs: number): Promise<boolean> {
  const ms = Number(request.query.get("ms") ?? defaultMs);
  const count = Number(request.query.get("count") ?? 50);
  await Bun.sleep(ms);
  startStream(request, fields);
  await Bun.sleep(ms);
  for (let i = 0; i < count && !request.isClosed; i++) {
    request.socket.write(piece);
    await Bun.sleep(ms);
  }
  return false;
}

const trickle: Handler = (request) => dribble(request, request.query.has("notype") ? [] : [PLAIN_TEXT], "TEST_TRICKLE\n", 500);
const badChunk: Handler = async (request) => {
  await dribble(request, [["Transfer-Encoding", "chunked"]], "a\r\nTEST_CHUNK\r\n", 1_000);
  request.socket.write("garbage");
  return false;
};

const httpCache: Handler = (request, stash) => {
  const { query } = request;
  const token = query.get("token") ?? "";
  if (query.has("querystate")) return respond(request, 200, [PLAIN_TEXT], JSON.stringify(stash.take(token, request.path)));
  const tag = query.has("tag") ? `"${query.get("tag")}"` : undefined;
  const date = query.get("date");
  const known = stash.take<object[]>(token, request.path) ?? [];
  const names = query.has("ignore") ? [] : ["If-None-Match", "If-Modified-Since", "Pragma", "Cache-Control"];
  const seen = Object.fromEntries(names.map((name) => [name, request.header(name.toLowerCase())]).filter(([, value]) => value));
  stash.put(token, [...known, seen], request.path);
  const fields: Field[] = [ANY_ORIGIN];
  if (tag !== undefined) fields.push(["ETag", tag]);
  else if (date !== undefined) fields.push(["Last-Modified", date]);
  for (const [name, field] of [["expires", "Expires"], ["vary", "Vary"], ["cache_control", "Cache-Control"]] as const) if (query.get(name)) fields.push([field, query.get(name) as string]);
  const location = query.get("redirect");
  if (location) return respond(request, [302, "Redirect"], [...fields, ["Location", location]]);
  const isFresh = (tag !== undefined && request.header("if-none-match") === tag) || (date !== undefined && request.header("if-modified-since") === date);
  return isFresh ? respond(request, 304, fields) : respond(request, 200, [...fields, PLAIN_TEXT], query.get("content"));
};

const escaped: Handler = (request) => {
  const text = request.body.toString("latin1").replace(/[^ -[\]-~]/g, (byte) => (byte === "\\" ? "\\\\" : `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`));
  return respond(request, 200, [...echoFields(request), ["Content-Type", "text/plain; charset=UTF-8"]], text.replaceAll("\\x0d\\x0a", "\r\n"));
};

const xhrInspect: Handler = (request) => {
  const value = request.query.get("filter_value") ?? "";
  const name = (request.query.get("filter_name") ?? "").toLowerCase();
  const shown = request.fields.map((field) => (value !== "" ? (field[1] === value ? `${field[0]},` : "") : field[0].toLowerCase() === name ? `${field[0]}: ${field[1]}\n` : ""));
  return respond(request, 200, [...(request.query.has("cors") ? cors(request) : []), PLAIN_TEXT], shown.join(""));
};

const authentication: Handler = (request) =>
  request.header("authorization") === `Basic ${btoa("user:password")}`
    ? respond(request, 200, [], "Authentication done")
    : respond(request, 401, [["WWW-Authenticate", `Basic realm="${request.query.get("realm") ?? "test"}"`]], "Please login with credentials 'user' and 'password'");

const API = "/fetch/api/resources/";
export const HANDLERS: Readonly<Record<string, Handler>> = {
  [`${API}status.py`]: status,
  "/xhr/resources/status.py": status,
  [`${API}inspect-headers.py`]: inspectHeaders,
  [`${API}method.py`]: method,
  [`${API}echo-content.py`]: (request) => respond(request, 200, [...echoFields(request), PLAIN_TEXT], request.body),
  "/FileAPI/file/resources/echo-content-escaped.py": escaped,
  [`${API}redirect.py`]: redirect,
  [`${API}redirect-empty-location.py`]: (request) => respond(request, 302, [["Location", ""]]),
  [`${API}preflight.py`]: preflight,
  [`${API}clean-stash.py`]: (request, stash) => {
    const token = request.query.get("token") ?? "";
    return respond(request, 200, [], stash.take(token, `${API}redirect.py`) !== null || stash.take(token, `${API}preflight.py`) !== null ? "1" : "0");
  },
  [`${API}stash-put.py`]: (request, stash) => {
    stash.put(request.query.get("key") ?? "", request.query.get("value"), request.folder);
    return respond(request, 200, [ANY_ORIGIN, ["Access-Control-Allow-Methods", "*"], ["Access-Control-Allow-Headers", "*"]], "done");
  },
  [`${API}stash-take.py`]: (request, stash) => respond(request, 200, [ANY_ORIGIN, ["Content-Type", "application/json"]], JSON.stringify(stash.take(request.query.get("key") ?? "", request.folder))),
  [`${API}infinite-slow-response.py`]: infinite,
  [`${API}trickle.py`]: trickle,
  [`${API}bad-chunk-encoding.py`]: badChunk,
  [`${API}cache.py`]: (request) =>
    request.header("if-none-match") === '"123abc"' ? respond(request, 304, [["X-HTTP-STATUS", "304"]]) : respond(request, 200, [["ETag", '"123abc"'], PLAIN_TEXT], "lorem ipsum dolor sit amet"),
  [`${API}authentication.py`]: authentication,
  [`${API}dump-authorization-header.py`]: (request) =>
    respond(request, 200, [["Content-Type", "text/html"], ["Cache-Control", "no-cache"], ...cors(request), ["Access-Control-Allow-Headers", "Authorization"]], request.header("authorization") ?? "none"),
  [`${API}script-with-header.py`]: (request) => respond(request, 200, [["Content-Type", request.query.get("mime") ?? ""]], request.query.get("content") === "empty" ? "" : "console.log('Script loaded')"),
  "/fetch/api/request/resources/cache.py": httpCache,
  "/xhr/resources/echo-headers.py": (request) => respond(request, 200, [PLAIN_TEXT], `${request.fields.map(([name, value]) => `${name}: ${value}\n`).join("")}\n`),
  "/xhr/resources/parse-headers.py": (request) => respond(request, 200, request.query.has("my-custom-header") ? [["My-Custom-Header", request.query.get("my-custom-header") as string]] : []),
  "/xhr/resources/inspect-headers.py": xhrInspect,
  "/common/redirect.py": (request) =>
    respond(request, Number(request.query.get("status") ?? 302), [["Location", request.query.get("location") ?? ""], ...(request.query.has("enable-cors") ? cors(request) : [])]),
  "/common/slow.py": async (request) => {
    await Bun.sleep(Math.min(Number(request.query.get("delay") ?? 2_000), 30_000));
    return respond(request, 200, []);
  },
};
