/** From the path of a URL to a file: pages without their `.html`, redirects to the one spelling of each page, and what answers for paths that are none. */
import type { AssetsSettings } from "../settings.ts";

/** The canonical path of a page is not encoded. */
export type Found<Entry> = { readonly kind: "asset"; readonly entry: Entry; readonly status: 200 | 404 } | { readonly kind: "redirect"; readonly path: string };

type RouteSettings = Pick<AssetsSettings, "htmlHandling" | "notFoundHandling">;

export class AssetRoutes<Entry extends { readonly name: string }> {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #settings: RouteSettings;

  constructor(entries: readonly Entry[], settings: RouteSettings) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#settings = settings;
  }

  /** `path` as `decodePath` gives it. */
  find(path: string): Found<Entry> | null {
    const { htmlHandling } = this.#settings;
    const exact = this.#entries.get(path);
    if (htmlHandling === "none") return exact === undefined ? null : { kind: "asset", entry: exact, status: 200 };
    if (exact !== undefined && !path.endsWith(".html")) return { kind: "asset", entry: exact, status: 200 };
    const own = this.#pageAt(path);
    if (own !== undefined) return { kind: "asset", entry: own, status: 200 };
    const meant = exact ?? this.#spelledOtherwise(path);
    if (meant === undefined) return null;
    const canonical = canonicalPath(meant.name, htmlHandling);
    // Another file may have that spelling; then this one has only its own.
    if (this.#pageAt(canonical) === meant) return { kind: "redirect", path: canonical };
    return exact === undefined ? null : { kind: "asset", entry: exact, status: 200 };
  }

  /** What answers for a path that is no file. */
  notFound(path: string): Found<Entry> | null {
    const { notFoundHandling } = this.#settings;
    if (notFoundHandling === "none") return null;
    if (notFoundHandling === "single-page-application") {
      const entry = this.#entries.get("/index.html");
      return entry === undefined ? null : { kind: "asset", entry, status: 200 };
    }
    for (let end = path.lastIndexOf("/"); end >= 0; end = end === 0 ? -1 : path.lastIndexOf("/", end - 1)) {
      const entry = this.#entries.get(`${path.slice(0, end)}/404.html`);
      if (entry !== undefined) return { kind: "asset", entry, status: 404 };
    }
    return null;
  }

  /** The page whose canonical path this is. */
  #pageAt(path: string): Entry | undefined {
    const entries = this.#entries;
    const isSlashed = path.endsWith("/");
    const bare = isSlashed ? path.slice(0, -1) : path;
    // The canonical path of an index is that of its folder.
    const page = bare === "" || bare.endsWith("/index") ? undefined : entries.get(`${bare}.html`);
    switch (this.#settings.htmlHandling) {
      case "auto-trailing-slash":
        return isSlashed ? entries.get(`${path}index.html`) : page;
      case "force-trailing-slash":
        return isSlashed ? (entries.get(`${path}index.html`) ?? page) : undefined;
      case "drop-trailing-slash":
        if (isSlashed) return path === "/" ? entries.get("/index.html") : undefined;
        return page ?? entries.get(`${path}/index.html`);
      case "none":
        return undefined;
    }
  }

  /** The page that `path` names in a way that is not canonical. */
  #spelledOtherwise(path: string): Entry | undefined {
    const entries = this.#entries;
    const bare = path.endsWith("/") ? path.slice(0, -1) : path;
    if (bare === "") return undefined;
    return entries.get(`${bare}.html`) ?? entries.get(`${bare}/index.html`);
  }
}

function canonicalPath(name: string, handling: RouteSettings["htmlHandling"]): string {
  const isIndex = name.endsWith("/index.html");
  const page = isIndex ? name.slice(0, -"/index.html".length) : name.slice(0, -".html".length);
  if (page === "") return "/";
  const isSlashed = handling === "force-trailing-slash" || (handling === "auto-trailing-slash" && isIndex);
  return isSlashed ? `${page}/` : page;
}

/** The path of a URL with its escapes undone; null when it cannot name a file: escapes that are none, `.` and `..`, empty parts, separators and control characters inside a part. */
export function decodePath(path: string): string | null {
  if (!path.startsWith("/")) return null;
  const parts = path.slice(1).split("/");
  for (const [i, part] of parts.entries()) {
    let decoded: string;
    try {
      decoded = part.includes("%") ? decodeURIComponent(part) : part;
    } catch {
      return null;
    }
    if (decoded === "." || decoded === ".." || (decoded === "" && i < parts.length - 1) || /[/\\\u0000-\u001f\u007f]/.test(decoded)) return null;
    parts[i] = decoded;
  }
  return `/${parts.join("/")}`;
}

export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Whether `path` is what `pattern` says: `*` stands for anything, slashes included; all else for itself. In linear time, whatever clients send. */
export function matchesPath(pattern: string, path: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return path === first;
  if (!path.startsWith(first) || path.length < first.length + last.length || !path.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= path.length - last.length;
}
