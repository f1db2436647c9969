/** A stand-in for the server of web-platform-tests, on loopback: static files of a checkout, with what their names and "pipes" ask for, and the handlers. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { dirname, extname, join, posix } from "node:path";
import { type Field, respond, serveConnection, type WireRequest } from "./connection.ts";
import { Stash } from "./handler.ts";
import { HANDLERS } from "./handlers.ts";
import { type ServerPlace, substitute } from "./meta.ts";

const TYPES: Readonly<Record<string, string>> = {
  txt: "text/plain", json: "application/json", js: "text/javascript", mjs: "text/javascript", html: "text/html", htm: "text/html", css: "text/css", xml: "text/xml",
  svg: "image/svg+xml", png: "image/png", gif: "image/gif", jpg: "image/jpeg", wasm: "application/wasm", idl: "text/plain", wav: "audio/x-wav", webm: "video/webm",
};

export interface WptServer extends ServerPlace, Disposable {
  /** What was asked for and is neither in the checkout nor a handler here. */
  readonly missing: ReadonlySet<string>;
}

/** `localhost` is the host of the tests, 127.0.0.1 any other host. */
export async function startWptServer(wpt: string): Promise<WptServer> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const missing = new Set<string>();
  const stash = new Stash();
  const handle = async (request: WireRequest): Promise<boolean> => {
    try {
      const handler = HANDLERS[request.path];
      return await (handler === undefined ? serveFile(request, wpt, place, missing) : handler(request, stash));
    } catch (error) {
      return respond(request, 500, [], String(error));
    }
  };
  const listen = async (host: string, port: number): Promise<number> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      void serveConnection(socket, handle);
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const ports: number[] = [];
  for (let i = 0; i < 2; i++) {
    const port = await listen("127.0.0.1", 0);
    // Machines without IPv6 have only the first.
    await listen("::1", port).catch(() => {});
    ports.push(port);
  }
  const closed = await listen("127.0.0.1", 0);
  servers.pop()?.close();
  const place: ServerPlace = { host: "localhost", otherHost: "127.0.0.1", ports, closed };
  return {
    ...place,
    missing,
    [Symbol.dispose]() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function serveFile(request: WireRequest, wpt: string, place: ServerPlace, missing: Set<string>): Promise<boolean> {
  if (request.method !== "GET" && request.method !== "HEAD") return respond(request, 404, [], "no handler for this method");
  const file = fileOf(request.path, wpt);
  if (file === null || extname(file) === ".py") {
    missing.add(request.path);
    return respond(request, 404, [], "not found");
  }
  let data = readFileSync(file);
  if (extname(file) === ".asis") {
    // These have bare line feeds and no blank line, which only browsers forgive.
    request.socket.write(Buffer.from(`${data.toString("latin1").replace(/[\r\n]+$/, "").replace(/\r?\n/g, "\r\n")}\r\n\r\n`, "latin1"));
    return false;
  }
  const fields = new Fields([["Content-Type", TYPES[extname(file).slice(1)] ?? "application/octet-stream"]]);
  for (const extra of [join(dirname(file), "__dir__.headers"), `${file}.headers`]) if (existsSync(extra)) fields.addLines(readFileSync(extra, "latin1"));
  const pipe = request.query.get("pipe") ?? "";
  if (file.includes(".sub.") || /\bsub\b/.test(pipe)) data = Buffer.from(substitute(data.toString("utf8"), place));
  let status = 200;
  for (const [, name, text = ""] of pipe.matchAll(/(\w+)\(((?:[^()\\]|\\.)*)\)/g)) {
    const args = text.split(/(?<!\\),/).map((argument) => argument.replace(/\\(.)/g, "$1"));
    const number = (index: number): number | undefined => (args[index] === undefined || args[index] === "null" ? undefined : Number(args[index]));
    if (name === "header") fields.set(args[0] ?? "", args[1] ?? "", args[2] === "True");
    else if (name === "status") status = Number(args[0]);
    else if (name === "slice") data = data.subarray(number(0) ?? 0, number(1));
    else if (name === "trickle") for (const step of args) if (step.startsWith("d")) await Bun.sleep(Number(step.slice(1)) * 1_000);
  }
  const range = status === 200 ? /^bytes=(\d+)-(\d*)$/.exec(request.header("range") ?? "") : null;
  if (range !== null) {
    const start = Number(range[1]);
    const end = Math.min(range[2] === "" ? data.length - 1 : Number(range[2]), data.length - 1);
    fields.set("Content-Range", `bytes ${start}-${end}/${data.length}`);
    return respond(request, 206, fields.list, data.subarray(start, end + 1));
  }
  return respond(request, status, fields.list, data);
}

function fileOf(path: string, wpt: string): string | null {
  let name = path;
  try {
    name = decodeURIComponent(path);
  } catch {
    // The name itself has a percent sign.
  }
  const file = join(wpt, posix.normalize(`/${name}`));
  for (const each of [file, file.replace(/\.any\.worker\.js$/, ".any.js")]) if (existsSync(each) && statSync(each).isFile()) return each;
  return null;
}

class Fields {
  list: Field[];
  constructor(list: Field[]) {
    this.list = list;
  }
  set(name: string, value: string, isAdded = false): void {
    if (!isAdded) this.list = this.list.filter((field) => field[0].toLowerCase() !== name.toLowerCase());
    this.list.push([name, value]);
  }
  addLines(text: string): void {
    for (const line of text.split(/\r?\n/)) {
      const at = line.indexOf(":");
      if (at > 0) this.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
    }
  }
}
