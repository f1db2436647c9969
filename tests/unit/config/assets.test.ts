/** What a config may say about static files. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diffApps } from "../../../src/config/diff.ts";
import { parseConfig } from "../../../src/config/parse.ts";

const parse = (...apps: object[]) => parseConfig(JSON.stringify({ apps }), "/srv/nano.json");
const told = (...apps: object[]) => {
  try {
    parse(...apps);
    return "nothing";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("assets", () => {
  test("a folder is enough, and every key has Cloudflare's name and default", () => {
    const [app] = parse({ name: "a", path: "./app.js", assets: { directory: "./public" } }).apps;
    expect(app?.assets).toEqual({ directory: "/srv/public", binding: null, htmlHandling: "auto-trailing-slash", notFoundHandling: "none", runWorkerFirst: false });
    const [all] = parse({ name: "a", path: "./app.js", assets: { directory: "dist", binding: "FILES", html_handling: "none", not_found_handling: "404-page", run_worker_first: ["/api/*", "!/api/docs"] } }).apps;
    expect(all?.assets).toEqual({ directory: "/srv/dist", binding: "FILES", htmlHandling: "none", notFoundHandling: "404-page", runWorkerFirst: ["/api/*", "!/api/docs"] });
  });

  test("an app may be files alone", () => {
    const [app] = parse({ name: "a", assets: { directory: "./public" } }).apps;
    expect([app?.hasCode, app?.path]).toEqual([false, "/srv/public"]);
  });

  test("an app needs code or files", () => expect(told({ name: "a" })).toContain("apps[0].path: path is missing"));

  test("a mistake is told with the way out", () => {
    expect(told({ name: "a", path: "./a.js", assets: { dir: "./public" } })).toContain("directory is missing");
    expect(told({ name: "a", path: "./a.js", assets: { directory: "./public", not_found_handling: "spa" } })).toContain('must be one of "none", "404-page", "single-page-application"');
    expect(told({ name: "a", path: "./a.js", assets: { directory: "./public", run_worker_first: ["api/*"] } })).toContain('must be true, false or a list of paths: "/api/*", "!/api/docs/*"');
    expect(told({ name: "a", path: "./a.js", assets: "./public" })).toContain("must be an object");
    expect(told({ name: "a", assets: { directory: "./public", binding: "ASSETS", run_worker_first: true } })).toMatch(/binding says something about the app's code[\s\S]*run_worker_first says something/);
    expect(told({ name: "a", path: "./a.js", env: { FILES: "x" }, assets: { directory: "./public", binding: "FILES" } })).toContain("FILES is a variable already: apps[0].env.FILES");
  });

  test("a folder that holds the config would give it to everybody", () => {
    for (const directory of [".", "./", "..", "/", "./public/.."]) expect([directory, told({ name: "a", path: "./a.js", assets: { directory } })]).toEqual([directory, expect.stringContaining("this folder holds the config itself")]);
    for (const directory of ["./..public", "../other", "./public"]) expect(told({ name: "a", path: "./a.js", assets: { directory } })).toBe("nothing");
  });

  test("a link to the folder of the config is no way around that", async () => {
    const folder = await mkdtemp(join(tmpdir(), "nano-config-"));
    await symlink(".", join(folder, "public"));
    expect(() => parseConfig(JSON.stringify({ apps: [{ name: "a", assets: { directory: "./public" } }] }), join(folder, "nano.json"))).toThrow("this folder holds the config itself");
    await rm(folder, { recursive: true });
  });

  test("a change of them makes another source", () => {
    const before = parse({ name: "a", path: "./a.js", assets: { directory: "./public" } }).apps;
    const after = parse({ name: "a", path: "./a.js", assets: { directory: "./dist" } }).apps;
    expect(diffApps(before, after).changed).toEqual([{ name: "a", fields: ["assets"], needsBundle: true }]);
  });
});
