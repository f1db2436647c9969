/** The `// META:` lines of a test, and the `{{…}}` that the server of web-platform-tests fills in. */

export interface Meta {
  readonly scripts: string[];
  readonly variants: string[];
  globals: string[] | null;
  isLong: boolean;
  title: string | null;
}

export function parseMeta(source: string): Meta {
  const meta: Meta = { scripts: [], variants: [], globals: null, isLong: false, title: null };
  for (const line of source.split(/\r?\n/)) {
    const match = /^\/\/ META: (\w+)=(.*)$/.exec(line);
    if (match === null) {
      if (/^\s*\/\/|^\s*$/.test(line)) continue;
      break;
    }
    const value = (match[2] as string).trim();
    if (match[1] === "script") meta.scripts.push(value);
    else if (match[1] === "variant") meta.variants.push(value);
    else if (match[1] === "global") meta.globals = value.split(",").map((name) => name.trim());
    else if (match[1] === "timeout") meta.isLong = value === "long";
    else if (match[1] === "title") meta.title = value;
  }
  return meta;
}

/** Where the stand-in server listens. Nothing listens on `closed`, which stands for everything with TLS. */
export interface ServerPlace {
  readonly host: string;
  readonly otherHost: string;
  readonly ports: readonly number[];
  readonly closed: number;
}

export function substitute(text: string, { host, otherHost, ports, closed }: ServerPlace): string {
  return text.replace(/\{\{([^}]+)\}\}/g, (all: string, expression: string) => {
    if (expression === "host" || expression === "domains[]") return host;
    const port = /^ports\[(\w+)\]\[(\d)\]$/.exec(expression);
    if (port !== null) return String(port[1] === "http" || port[1] === "ws" ? (ports[Number(port[2])] ?? closed) : closed);
    const hosts = /^hosts\[(.*?)\]\[(.*?)\]$/.exec(expression);
    if (hosts !== null) return hosts[1] === "" && hosts[2] === "" ? host : otherHost;
    if (expression.startsWith("domains[")) return otherHost;
    if (expression === "location[host]") return `${host}:${ports[0]}`;
    if (expression === "location[port]") return String(ports[0]);
    return expression === "location[scheme]" ? "http" : all;
  });
}
