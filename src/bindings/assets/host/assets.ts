/** The static files of one revision: answers requests without an isolate, and those of the app's code through its binding. */
import { eachHeader, type ResponseWire } from "../../../base/wire.ts";
import type { AssetsSettings } from "../settings.ts";
import { type AssetContent, AssetFile, AssetSource, type OpenAsset } from "./asset-file.ts";
import type { AssetMemory } from "./asset-memory.ts";
import { AssetRoutes, decodePath, encodePath, type Found, matchesPath } from "./asset-routes.ts";
import { type HeaderRule, headersFor, parseHeaders, parseRedirects, type Redirects } from "./asset-rules.ts";
import { contentTypeOf } from "./content-type.ts";
import type { AssetManifest } from "./manifest.ts";
import { rangeOf } from "./range.ts";

export interface AssetRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** A header block. */
  readonly headers: string;
}

export interface AssetsOptions {
  readonly manifest: AssetManifest;
  readonly settings: AssetsSettings;
  /** There is code to ask for what is no file. */
  readonly hasCode: boolean;
  readonly maxFileBytes: number;
  /** Files of up to this size are sent whole, and kept in memory. */
  readonly wholeBytes: number;
  /** Large files that are sent at once. */
  readonly maxStreams: number;
  /** How long memory is trusted without a look at the file. */
  readonly trustedMs: number;
  readonly memory: AssetMemory;
  readonly now: () => number;
}

/** More large files are asked for at once than may be sent. */
export class AssetsBusy extends Error {}

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly file: AssetFile;
  /** When memory was last found to hold what the file does. */
  checkedMs: number;
}

const REVALIDATE = "public, max-age=0, must-revalidate";

export class Assets {
  readonly #options: AssetsOptions;
  readonly #routes: AssetRoutes<Entry>;
  readonly #redirects: Redirects;
  readonly #headers: readonly HeaderRule[];
  #streams = 0;

  constructor(options: AssetsOptions) {
    const { manifest, settings, maxFileBytes, wholeBytes } = options;
    this.#options = options;
    const entries = manifest.entries.map(({ name, file }): Entry => ({ name, type: contentTypeOf(name), file: new AssetFile(file, maxFileBytes, wholeBytes), checkedMs: 0 }));
    this.#routes = new AssetRoutes(entries, settings);
    this.#redirects = parseRedirects(manifest.redirects).redirects;
    this.#headers = parseHeaders(manifest.headers).rules;
  }

  get streams(): number {
    return this.#streams;
  }

  /** The answer to a client's request; null: the app's code has to give it. Rejects with AssetsBusy, or when the system fails. */
  async answer(request: AssetRequest): Promise<ResponseWire | null> {
    const { settings, hasCode } = this.#options;
    const path = decodePath(pathOf(request.url));
    if (!hasCode) return this.#respond(request, path, true);
    const { runWorkerFirst } = settings;
    if (typeof runWorkerFirst !== "boolean" && path !== null) {
      if (runWorkerFirst.some((pattern) => pattern.startsWith("!") && matchesPath(pattern.slice(1), path))) return this.#respond(request, path, true);
      if (runWorkerFirst.some((pattern) => matchesPath(pattern, path))) return null;
    }
    if (runWorkerFirst === true || path === null) return null;
    // A browser that goes to a page of a single-page app gets that app; what its scripts ask for, and forms that are sent, are for the code.
    return this.#find(request, path, isRead(request) && fieldOf(request.headers, "sec-fetch-mode") === "navigate");
  }

  /** The answer to the app's own code, which always gets one. */
  async fetch(request: AssetRequest): Promise<ResponseWire> {
    return this.#respond(request, decodePath(pathOf(request.url)), true);
  }

  /** Null for other methods than those that files are asked for with: a form that is sent is not led elsewhere. */
  #redirectOf(request: AssetRequest, path: string | null): ReturnType<Redirects["find"]> {
    if (path === null || this.#redirects.size === 0 || !isRead(request)) return null;
    return this.#redirects.find(path, queryOf(request.url));
  }

  async #respond(request: AssetRequest, path: string | null, handlesNotFound: boolean): Promise<ResponseWire> {
    return (await this.#find(request, path, handlesNotFound)) ?? this.#withHeaders(path, plain(404, "Not Found"));
  }

  /** Null when there is nothing. */
  async #find(request: AssetRequest, path: string | null, handlesNotFound: boolean): Promise<ResponseWire | null> {
    const redirect = this.#redirectOf(request, path);
    if (redirect !== null) return { status: redirect.status, statusText: "", headers: `location\n${redirect.location}\n`, body: null };
    const response = await this.#file(request, path, handlesNotFound);
    return response === null ? null : this.#withHeaders(path, response);
  }

  #withHeaders(path: string | null, response: ResponseWire): ResponseWire {
    if (this.#headers.length === 0 || path === null) return response;
    return { ...response, headers: headersFor(this.#headers, path, response.headers) };
  }

  async #file(request: AssetRequest, path: string | null, handlesNotFound: boolean): Promise<ResponseWire | null> {
    const fallback = (): Found<Entry> | null => (handlesNotFound ? this.#routes.notFound(path ?? "/") : null);
    const found = (path === null ? null : this.#routes.find(path)) ?? fallback();
    if (found === null) return null;
    if (!isRead(request)) return plain(405, "Method Not Allowed", "allow\nGET, HEAD\n");
    if (found.kind === "redirect") return { status: 307, statusText: "", headers: `location\n${encodePath(found.path)}${queryOf(request.url)}\n`, body: null };
    const response = await this.#send(request, found.entry, found.status);
    if (response !== null) return response;
    // It was deleted since the revision loaded.
    const instead = fallback();
    return instead?.kind === "asset" && instead.entry !== found.entry ? this.#send(request, instead.entry, instead.status) : null;
  }

  /** Null when the file is gone. */
  async #send({ method, headers }: AssetRequest, entry: Entry, status: 200 | 404): Promise<ResponseWire | null> {
    const opened = (await this.#remembered(entry)) ?? (await this.#open(entry));
    if (opened === null) return null;
    const size = "bytes" in opened ? opened.bytes.byteLength : opened.size;
    const { etag } = opened;
    const common = `etag\n${etag}\n${fieldOf(headers, "authorization") === null ? `cache-control\n${REVALIDATE}\n` : ""}`;
    if (status === 200 && isUnchanged(fieldOf(headers, "if-none-match"), etag)) return close(opened, { status: 304, statusText: "", headers: common, body: null });
    const wanted = status === 200 && method === "GET" ? rangeOf(fieldOf(headers, "range"), fieldOf(headers, "if-range"), etag, size) : null;
    const typed = `content-type\n${entry.type}\n${common}accept-ranges\nbytes\n`;
    if (wanted === "unsatisfiable") return close(opened, { status: 416, statusText: "", headers: `content-range\nbytes */${size}\n${common}`, body: null });
    const { start, length } = wanted ?? { start: 0, length: size };
    const block = wanted === null ? `${typed}content-length\n${length}\n` : `${typed}content-range\nbytes ${start}-${start + length - 1}/${size}\ncontent-length\n${length}\n`;
    const head = { status: wanted === null ? status : 206, statusText: "", headers: block };
    if (method === "HEAD") return close(opened, { ...head, body: null });
    if ("bytes" in opened) return { ...head, body: opened.bytes.subarray(start, start + length) };
    if (this.#streams >= this.#options.maxStreams) {
      close(opened, null);
      throw new AssetsBusy(`more than ${this.#options.maxStreams} large files are sent at once`);
    }
    this.#streams++;
    return { ...head, body: new AssetSource(opened.handle, start, length, () => void this.#streams--) };
  }

  async #remembered(entry: Entry): Promise<AssetContent | null> {
    const { memory, now, trustedMs } = this.#options;
    const content = memory.get(entry.file);
    if (content === undefined) return null;
    const nowMs = now();
    if (nowMs - entry.checkedMs < trustedMs) return content;
    if (await entry.file.isCurrent(content)) {
      entry.checkedMs = nowMs;
      return content;
    }
    memory.delete(entry.file);
    return null;
  }

  async #open(entry: Entry): Promise<AssetContent | OpenAsset | null> {
    const { memory, now } = this.#options;
    const nowMs = now();
    const opened = await entry.file.open();
    if (opened !== null && "bytes" in opened) {
      memory.set(entry.file, opened);
      entry.checkedMs = nowMs;
    }
    return opened;
  }
}

const isRead = ({ method }: AssetRequest): boolean => method === "GET" || method === "HEAD";

function close<T>(opened: AssetContent | OpenAsset, response: T): T {
  if ("handle" in opened) void opened.handle.close();
  return response;
}

function plain(status: number, text: string, headers = ""): ResponseWire {
  return { status, statusText: "", headers: `content-type\ntext/plain; charset=utf-8\ncache-control\nno-store\n${headers}`, body: `${text}\n` };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isUnchanged(condition: string | null, etag: string): boolean {
  if (condition === null) return false;
  return condition.trim() === "*" || condition.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

function queryOf(url: string): string {
  const start = url.indexOf("?");
  const end = url.indexOf("#");
  return start < 0 || (end >= 0 && end < start) ? "" : url.slice(start, end < 0 ? undefined : end);
}

/** The first field of that name, which is in lower case. */
function fieldOf(block: string, wanted: string): string | null {
  let found: string | null = null;
  eachHeader(block, (name, value) => {
    if (found === null && name.toLowerCase() === wanted) found = value;
  });
  return found;
}
