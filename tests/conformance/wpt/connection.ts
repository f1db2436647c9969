/**
 * HTTP/1.1 on raw sockets for the stand-in server, because tests need odd methods, raw bytes in fields and broken responses. Text that comes from or goes to the
 * wire has one character per byte.
 */
import type { Socket } from "node:net";

export type Field = readonly [name: string, value: string];

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** The path up to and with its last slash. */
  readonly folder: string;
  readonly query: ReadonlyMap<string, string>;
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly socket: Socket;
  readonly isClosed: boolean;
  /** Equal fields joined. */
  header(name: string): string | undefined;
}

/** True when the connection may be kept. */
export type Handle = (request: WireRequest) => boolean | Promise<boolean>;

const MAX_BUFFERED_BYTES = 64 << 20;
const REASONS: Readonly<Record<number, string>> = {
  200: "OK", 201: "Created", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
  307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error",
};

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

/** Percent-decoded bytes. */
function unquote(text: string): string {
  return text.replace(/\+/g, " ").replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The first of equal names counts. */
export function parseQuery(query: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = unquote(at < 0 ? part : part.slice(0, at));
    if (!map.has(name)) map.set(name, at < 0 ? "" : unquote(part.slice(at + 1)));
  }
  return map;
}

class Reader {
  #buffer: Buffer = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  isClosed = false;

  constructor(socket: Socket) {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
      if (this.#buffer.length > MAX_BUFFERED_BYTES) socket.destroy();
      this.#wake?.();
    });
    const end = (): void => {
      this.isClosed = true;
      this.#wake?.();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  /** Null at the end. */
  async bytes(count: number): Promise<Buffer | null> {
    while (this.#buffer.length < count) if (!(await this.#more()) && this.#buffer.length < count) return null;
    const taken = Buffer.from(this.#buffer.subarray(0, count));
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  async line(): Promise<string | null> {
    let end = this.#buffer.indexOf("\n");
    while (end < 0) {
      const isOpen = await this.#more();
      end = this.#buffer.indexOf("\n");
      if (!isOpen && end < 0) return null;
    }
    return ((await this.bytes(end + 1)) as Buffer).toString("latin1").replace(/\r?\n$/, "");
  }

  #more(): Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve(!this.isClosed);
      };
    });
  }
}

export async function serveConnection(socket: Socket, handle: Handle): Promise<void> {
  const reader = new Reader(socket);
  try {
    for (;;) {
      const request = await readRequest(socket, reader);
      if (request === null || !(await handle(request)) || reader.isClosed) break;
    }
  } catch {
    // The client broke off.
  } finally {
    socket.end();
  }
}

async function readRequest(socket: Socket, reader: Reader): Promise<WireRequest | null> {
  const first = (await reader.line()) || (await reader.line());
  if (first === null || first === "") return null;
  const [method = "", target = ""] = first.split(" ");
  const fields: Field[] = [];
  for (let line = await reader.line(); line !== ""; line = await reader.line()) {
    if (line === null) return null;
    const at = line.indexOf(":");
    fields.push([line.slice(0, at), line.slice(at + 1).replace(/^[ \t]+|[ \t]+$/g, "")]);
  }
  const header = (name: string): string | undefined => {
    const values = fields.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
    return values.length === 0 ? undefined : values.join(", ");
  };
  if (/100-continue/i.test(header("expect") ?? "")) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  const body = /chunked/i.test(header("transfer-encoding") ?? "") ? await readChunks(reader) : await reader.bytes(Number(header("content-length") ?? 0));
  if (body === null) return null;
  const [path = "", ...rest] = (target.replace(/^https?:\/\/[^/]*/, "").split("#")[0] as string).split("?");
  return {
    method, path, fields, body, socket, header,
    folder: path.replace(/[^/]*$/, ""),
    query: parseQuery(rest.join("?")),
    get isClosed() {
      return reader.isClosed || socket.destroyed;
    },
  };
}

async function readChunks(reader: Reader): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  for (;;) {
    const size = Number.parseInt((await reader.line()) ?? "", 16);
    const chunk = Number.isFinite(size) ? await reader.bytes(size) : null;
    if (chunk === null) return null;
    if (size === 0) break;
    chunks.push(chunk);
    await reader.line();
  }
  for (let trailer = await reader.line(); trailer; trailer = await reader.line());
  return Buffer.concat(chunks);
}

export function respond(request: WireRequest, status: number | readonly [code: number | string, text: string], fields: readonly Field[], body: Buffer | string = ""): boolean {
  const [code, text] = typeof status === "number" ? [status, REASONS[status] ?? ""] : status;
  const data = typeof body === "string" ? latin1(body) : body;
  const isBodyless = [204, 304].includes(Number(code));
  const all = isBodyless || fields.some(([name]) => name.toLowerCase() === "content-length") ? fields : [...fields, ["Content-Length", String(data.length)] as const];
  const head = `HTTP/1.1 ${code} ${text}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  request.socket.write(Buffer.concat([latin1(head), isBodyless || request.method === "HEAD" ? Buffer.alloc(0) : data]));
  return !/close/i.test(request.header("connection") ?? "");
}

/** A response of unknown length, which ends with the connection. */
export function startStream(request: WireRequest, fields: readonly Field[]): void {
  const isChunked = fields.some(([name]) => name === "Transfer-Encoding");
  request.socket.write(latin1(`HTTP/1.1 200 OK\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}${isChunked ? "" : "Connection: close\r\n"}\r\n`));
}
