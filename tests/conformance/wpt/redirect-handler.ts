/** fetch/api/resources/redirect.py: redirects with a count, a stash and all the variations that the tests ask for. */
import { type Field, parseQuery, respond } from "./connection.ts";
import { cors, type Handler } from "./handler.ts";

interface RedirectState {
  count: number;
  preflight: string;
}

export const redirect: Handler = async (request, stash) => {
  const { query } = request;
  const token = query.get("token") ?? "";
  const fields: Field[] = [["Content-Type", "text/plain"], ["Cache-Control", "no-cache"], ["Pragma", "no-cache"], ...cors(request)];
  const state = (token === "" ? null : stash.take<RedirectState>(token, request.path)) ?? { count: 0, preflight: "0" };
  if (request.method === "OPTIONS") {
    if (query.has("allow_headers")) fields.push(["Access-Control-Allow-Headers", query.get("allow_headers") as string]);
    state.preflight = "1";
    if (!query.has("redirect_preflight")) {
      if (token !== "") stash.put(token, state, request.path);
      return respond(request, 200, fields);
    }
  }
  const isForm = /urlencoded/.test(request.header("content-type") ?? "");
  const status = Number(query.get("redirect_status") ?? (isForm ? parseQuery(request.body.toString("latin1")).get("redirect_status") : undefined) ?? 302);
  state.count++;
  const location = query.get("location");
  if (location !== undefined) fields.push(["Location", query.has("simple") || !isHttp(location) ? location : withQuery(location, query, state.count)]);
  if (query.has("redirect_referrerpolicy")) fields.push(["Referrer-Policy", query.get("redirect_referrerpolicy") as string]);
  if (query.has("delay")) await Bun.sleep(Number(query.get("delay")));
  if (token !== "") {
    stash.put(token, state, request.path);
    if (query.has("max_count") && state.count > Number(query.get("max_count"))) return respond(request, 200, [], String(state.count - 1));
  }
  return respond(request, status, fields);
};

const isHttp = (url: string): boolean => ["", "http", "https"].includes(/^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase() ?? "");

/** As Python's urlencode(), which takes the bytes for Latin-1 and encodes them as UTF-8. */
function withQuery(url: string, query: ReadonlyMap<string, string>, count: number): string {
  const encode = (text: string): string =>
    [...Buffer.from(text, "utf8")].map((byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : byte === 32 ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("");
  return `${url}${url.includes("?") ? "&" : "?"}${[...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")}&count=${count}`;
}
