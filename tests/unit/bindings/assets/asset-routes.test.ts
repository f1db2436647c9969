/** Which file answers for a path. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AssetRoutes, decodePath, encodePath, matchesPath } from "../../../../src/bindings/assets/host/asset-routes.ts";
import { HTML_HANDLINGS, type HtmlHandling, type NotFoundHandling } from "../../../../src/bindings/assets/settings.ts";

const FILES = ["/index.html", "/about.html", "/docs/index.html", "/docs/404.html", "/404.html", "/style.css", "/twice.html", "/twice/index.html", "/plain"];

function routes(htmlHandling: HtmlHandling, notFoundHandling: NotFoundHandling = "none", files: readonly string[] = FILES) {
  const table = new AssetRoutes(files.map((name) => ({ name })), { htmlHandling, notFoundHandling });
  const told = (found: ReturnType<typeof table.find>) => (found === null ? null : found.kind === "redirect" ? `→ ${found.path}` : found.status === 200 ? found.entry.name : `${found.status} ${found.entry.name}`);
  return { find: (path: string) => told(table.find(path)), notFound: (path: string) => told(table.notFound(path)) };
}

describe("html_handling", () => {
  const cases: readonly [HtmlHandling, Readonly<Record<string, string | null>>][] = [
    [
      "auto-trailing-slash",
      { "/": "/index.html", "/index.html": "→ /", "/index": "→ /", "/about": "/about.html", "/about.html": "→ /about", "/about/": "→ /about", "/docs": "→ /docs/", "/docs/": "/docs/index.html", "/docs/index": "→ /docs/", "/docs/index.html": "→ /docs/", "/twice": "/twice.html", "/twice/": "/twice/index.html", "/style.css": "/style.css", "/style.css/": null, "/plain": "/plain", "/missing": null },
    ],
    ["force-trailing-slash", { "/": "/index.html", "/index.html": "→ /", "/about": "→ /about/", "/about/": "/about.html", "/about.html": "→ /about/", "/docs": "→ /docs/", "/docs/": "/docs/index.html", "/twice/": "/twice/index.html", "/twice.html": "/twice.html", "/style.css": "/style.css" }],
    ["drop-trailing-slash", { "/": "/index.html", "/index.html": "→ /", "/about": "/about.html", "/about/": "→ /about", "/docs": "/docs/index.html", "/docs/": "→ /docs", "/docs/index": "→ /docs", "/twice": "/twice.html", "/twice/index.html": "/twice/index.html" }],
    ["none", { "/": null, "/index.html": "/index.html", "/about": null, "/about.html": "/about.html", "/docs/": null, "/style.css": "/style.css" }],
  ];
  for (const [handling, expected] of cases)
    test(handling, () => {
      const { find } = routes(handling);
      expect(Object.fromEntries(Object.keys(expected).map((path) => [path, find(path)]))).toEqual(expected);
    });

  test("every redirect leads to a page at once, whatever files there are", () => {
    const name = fc.constantFrom("/index.html", "/a.html", "/a/index.html", "/a/index/index.html", "/index/index.html", "/a/b.html", "/a", "/a/b/index.html", "/index.html.html");
    const path = fc.constantFrom("/", "/a", "/a/", "/a.html", "/a/index", "/a/index/", "/a/index.html", "/index", "/index/", "/a/b", "/a/b/", "/a/b.html", "/index.html", "/index.html/");
    fc.assert(
      fc.property(fc.uniqueArray(name), path, fc.constantFrom(...HTML_HANDLINGS), (files, asked, handling) => {
        const { find } = routes(handling, "none", files);
        const first = find(asked);
        if (first?.startsWith("→ ")) expect(find(first.slice(2))).toMatch(/^\//);
        else if (first !== null) expect(files as readonly string[]).toContain(first);
      }),
      { numRuns: 500 },
    );
  });
});

describe("not_found_handling", () => {
  test("the nearest 404.html up the path answers, with that status", () => {
    const { notFound } = routes("auto-trailing-slash", "404-page");
    expect([notFound("/x"), notFound("/docs/x"), notFound("/docs/x/y/"), notFound("/other/x")]).toEqual(["404 /404.html", "404 /docs/404.html", "404 /docs/404.html", "404 /404.html"]);
  });

  test("a single-page application answers with its index", () => expect(routes("auto-trailing-slash", "single-page-application").notFound("/users/1")).toBe("/index.html"));

  test("none answers with nothing", () => expect(routes("auto-trailing-slash").notFound("/x")).toBeNull());
});

describe("paths", () => {
  test("what could lead out of a folder, or be read in two ways, names no file", () => {
    for (const path of ["/../x", "/a/../x", "/%2e%2e/x", "/%2E%2e%2fx", "/..%2fx", "/..%5cx", "/a\\..\\x", "/%00", "/a%00.html", "//etc/passwd", "/a//b", "/./x", "/a/%2e", "/%zz", "/%", "/%c0%ae%c0%ae/x", "/%0d%0a", "x", ""])
      expect([path, decodePath(path)]).toEqual([path, null]);
  });

  test("escapes are undone once", () => {
    expect(decodePath("/a%20b/%C3%A9.html")).toBe("/a b/é.html");
    expect(decodePath("/%252e%252e/x")).toBe("/%2e%2e/x");
    expect(decodePath("/...%2e/x")).toBe("/..../x");
  });

  test("a path survives being encoded and decoded", () => {
    fc.assert(fc.property(fc.array(fc.string({ minLength: 1, unit: "grapheme" }).filter((part) => !/^\.{1,2}$|[/\\\u0000-\u001f\u007f]/.test(part)), { minLength: 1 }), (parts) => expect(decodePath(encodePath(`/${parts.join("/")}`))).toBe(`/${parts.join("/")}`)));
  });

  test("* in a pattern stands for anything, and nothing else is special", () => {
    expect(["/api/x", "/api/", "/api", "/apix"].map((path) => matchesPath("/api/*", path))).toEqual([true, true, false, false]);
    expect([matchesPath("/*.json", "/a/b.json"), matchesPath("/*.json", "/a/bxjson"), matchesPath("/a*a", "/a"), matchesPath("/a*b*a", "/aba"), matchesPath("/", "/")]).toEqual([true, false, false, true, true]);
  });
});
