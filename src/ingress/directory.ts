/** What `nano dev` answers for a host that no app serves: where the apps are. As a page, as JSON or as text, whatever the client asks for. */
import { parseHostName } from "../base/host-name.ts";
import type { ResponseWire } from "../base/wire.ts";

export interface ListedApp {
  readonly name: string;
  readonly hostnames: readonly string[];
}

/** Hostnames below which browsers find this machine by themselves. */
const LOCAL = ".localhost";

/** The URL under which a browser on this machine gets to the app; null for an app without a host. `port`: with its colon, or "". */
export function localUrl({ hostnames }: ListedApp, scheme: string, port: string): string | null {
  const host = hostnames.find((name) => name.endsWith(LOCAL) && !name.startsWith("*")) ?? hostnames.find((name) => !name.startsWith("*"));
  return host === undefined ? null : `${scheme}://${host}${port}/`;
}

export function directoryAnswer(request: Request, apps: readonly ListedApp[]): ResponseWire {
  const asked = parseHostName(request.headers.get("host") ?? "");
  const host = asked?.host ?? "this host";
  const port = asked?.port == null ? "" : `:${asked.port}`;
  const scheme = request.url.startsWith("https:") ? "https" : "http";
  const listed = apps.flatMap((app) => {
    const url = localUrl(app, scheme, port);
    return url === null ? [] : [{ name: app.name, url }];
  });
  const accept = request.headers.get("accept") ?? "";
  const [type, body] = accept.includes("text/html") ? ["text/html", page(host, listed)] : accept.includes("application/json") ? ["application/json", JSON.stringify({ error: "unknown_host", host, apps: listed })] : ["text/plain", text(host, listed)];
  return { status: 404, statusText: "", headers: `content-type\n${type}; charset=utf-8\ncache-control\nno-store\n`, body };
}

type Listed = readonly { readonly name: string; readonly url: string }[];

function text(host: string, listed: Listed): string {
  return `No app serves ${host}. There are:\n\n${listed.map(({ name, url }) => `  ${name}  ${url}\n`).join("")}`;
}

function page(host: string, listed: Listed): string {
  const items = listed.map(({ name, url }) => `<li><a href="${escaped(url)}">${escaped(name)}</a> <span>${escaped(url)}</span></li>`).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Apps of nano dev</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
ul { list-style: none; padding: 0 }
li { padding: .5rem 0; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); overflow-wrap: anywhere }
span { opacity: .6 }
</style>
<h1>No app serves ${escaped(host)}</h1>
<ul>
${items}
</ul>
</html>
`;
}

function escaped(value: string): string {
  return value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
