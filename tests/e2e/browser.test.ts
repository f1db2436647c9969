/** What somebody sees of `nano dev` in a browser. With NANO_SCREENSHOTS=folder every page is kept as a picture. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { BROWSER, CONTRASTS, type Contrasts, launchBrowser } from "../harness/browser.ts";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

if (BROWSER === null) console.log("browser tests are skipped: there is no chromium in PATH (Debian: apt-get install chromium)");

let browser: Browser;
const started: NanoProcess[] = [];
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const running of started.splice(0)) await running.stop();
});

async function dev(files: Readonly<Record<string, string>>, args: readonly string[] = [], port = 0) {
  const folder = await temporaryFolder(files);
  const running = await NanoProcess.start(["dev", ...("nano.json" in files ? ["nano.json"] : ["."]), "--port", String(port), ...args], { cwd: folder });
  started.push(running);
  return { running, folder, url: `http://localhost:${running.port}/`, save: (name: string, text: string) => Bun.write(join(folder, name), text) };
}

interface Open {
  readonly page: Page;
  /** What scripts of the page complained of. Statuses of errors are not among it. */
  readonly complaints: string[];
}

async function open(url: string, options: BrowserContextOptions = {}): Promise<Open> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

const DEVICES = { desktop: { width: 1280, height: 800 }, phone: { width: 375, height: 720 } } as const;

const APPS = {
  "a thrown error": {
    files: {
      "index.ts": 'import { find } from "./orders.ts";\n\nexport default {\n  fetch(request: Request): Response {\n    return Response.json(find(new URL(request.url).searchParams.get("id")));\n  },\n};\n',
      "orders.ts": "interface Order {\n  readonly id: string;\n}\n\nexport function find(id: string | null): Order {\n  if (id === null) throw new RangeError(`there is no order without an id, and a message may be so long that it does not fit in one line of a phone`);\n  return { id };\n}\n",
    },
    title: "RangeError",
    shown: ["orders.ts:6:30", "at fetch (index.ts:5:", "there is no order"],
  },
  "a syntax error": {
    files: { "index.js": 'export default {\n  fetch(request) {\n    return new Response("a" "b");\n  },\n};\n' },
    title: "The app does not load",
    shown: ["index.js:3:29", 'return new Response("a" "b");'],
  },
  "a CPU kill": {
    files: {
      "nano.json": '{ "apps": [{ "name": "primes", "default": true, "path": "./index.js", "limits": { "cpu_ms": 50 } }] }',
      "index.js": "function primes() {\n  const found = [];\n  for (let n = 2; ; n++) if (found.every((p) => n % p !== 0)) found.push(n);\n}\n\nexport default { fetch: () => Response.json(primes()) };\n",
    },
    title: "CPU limit exceeded",
    shown: ["limits.cpu_ms", "ms of 50 ms", "index.js:3:", "at primes (index.js:3:"],
  },
  "a missing import": {
    files: { "index.ts": 'import { format } from "./lib/fromat.ts";\n\nexport default { fetch: () => new Response(format(1)) };\n', "lib/format.ts": "export const format = (n: number) => String(n);\n" },
    title: "The app does not load",
    shown: ['cannot import "./lib/fromat.ts"', 'did you mean "./lib/format.ts"?', "index.ts:1:24"],
  },
} as const;

describe.skipIf(BROWSER === null)("in a browser", () => {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describe("the error page", () => {
    for (const [name, { files, title, shown }] of Object.entries(APPS))
      test(`shows ${name}, in light and dark, on a desktop and on a phone, with nothing wider than the screen and no text too pale to read`, async () => {
        const { url } = await dev(files);
        const papers: number[] = [];
        for (const colorScheme of ["light", "dark"] as const)
          for (const [device, viewport] of Object.entries(DEVICES)) {
            const { page, complaints } = await open(url, { colorScheme, viewport });
            expect(await page.locator("h1").innerText()).toBe(title);
            const text = await page.locator("main").innerText();
            for (const part of shown) expect(text).toContain(part);
            expect(await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
            const { paper, palest } = await page.evaluate<Contrasts>(CONTRASTS);
            expect(palest).toBeGreaterThanOrEqual(4.5);
            papers.push(paper);
            expect(complaints).toEqual([]);
            const folder = process.env["NANO_SCREENSHOTS"];
            if (folder !== undefined) await page.screenshot({ path: join(folder, `${name.replaceAll(" ", "-")}-${colorScheme}-${device}.png`), fullPage: true });
          }
        expect(papers[0]).toBeGreaterThan(0.8);
        expect(papers[2]).toBeLessThan(0.1);
      });

    test("has a button that copies all of it as text", async () => {
      const { url } = await dev(APPS["a thrown error"].files);
      const { page } = await open(url, { permissions: ["clipboard-read", "clipboard-write"] });
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      const text = await page.evaluate<string>("navigator.clipboard.readText()");
      expect(text).toMatch(/^app_exception \(request [\w-]+\)\n\nRangeError: there is no order[^]*\n {4}at find \(orders\.ts:6:30\)[^]*> 6 \|/);
    });

    test("shows markup in an error as text, and runs none of it", async () => {
      const message = '</textarea></p><script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2"><style>body{display:none}</style>';
      const { url } = await dev({ "index.js": `export default { fetch() { const error = new Error(${JSON.stringify(message).replaceAll("</", "<\\/")}); error.name = "Odd"; throw error } };\n` });
      const { page } = await open(url);
      expect(await page.locator(".message").innerText()).toBe(message);
      expect(await page.locator("#plain").inputValue()).toContain(message);
      expect(await page.evaluate(() => (globalThis as { hacked?: unknown }).hacked)).toBeUndefined();
      expect(await page.locator("img").count()).toBe(0);
    });

    test("gives way to the app once the fault is mended, and comes back with the next one", async () => {
      const page200 = (text: string) => `export default { fetch: () => new Response("<!doctype html><title>app</title><h1>${text}</h1>", { headers: { "content-type": "text/html" } }) };\n`;
      const { url, save } = await dev({ "index.js": "export default {{\n" });
      const { page } = await open(url);
      expect(await page.locator("h1").innerText()).toBe("The app does not load");
      await save("index.js", page200("mended"));
      await page.getByRole("heading", { name: "mended" }).waitFor();
      await save("index.js", page200("better"));
      await page.getByRole("heading", { name: "better" }).waitFor();
      await save("index.js", "export default {{\n");
      await page.getByRole("heading", { name: "The app does not load" }).waitFor();
      await save("index.js", page200("mended again"));
      await page.getByRole("heading", { name: "mended again" }).waitFor();
    });
  });

  describe("live reload", () => {
    const strict = (text: string) =>
      `export default { fetch() { const parts = ["<!doctype html><h1>", ${JSON.stringify(text)}, "</h1>"]; return new Response(new ReadableStream({ pull(c) { parts.length > 0 ? c.enqueue(new TextEncoder().encode(parts.shift())) : c.close() } }), { headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'; script-src 'nonce-r4nd0m'; connect-src 'self'" } }) } };\n`;

    test("works on a streamed page with a policy of its own", async () => {
      const { url, save } = await dev({ "index.js": strict("one") });
      const { page, complaints } = await open(url);
      await save("index.js", strict("two"));
      await page.getByRole("heading", { name: "two" }).waitFor();
      expect(complaints).toEqual([]);
    });

    test("finds a nano that was started anew", async () => {
      const first = await dev({ "index.js": strict("before") });
      const { page } = await open(first.url);
      const following = page.waitForRequest(/_nano\/live-reload$/);
      await page.reload();
      await following;
      await first.running.stop();
      await dev({ "index.js": strict("after") }, [], first.running.port);
      await page.getByRole("heading", { name: "after" }).waitFor();
    });

    test("leaves what a page fetches alone, and can be turned off", async () => {
      const { url } = await dev({ "index.js": strict("plain").replace("connect-src", "style-src 'none'; connect-src") });
      const { page } = await open(url);
      expect(await page.evaluate(async () => (await fetch("/")).text())).toBe("<!doctype html><h1>plain</h1>");
      const off = await dev({ "index.js": strict("off") }, ["--no-live-reload"]);
      const quiet = await open(off.url);
      expect(await quiet.page.locator("script").count()).toBe(0);
    });
  });

  test("a script that fetches gets an error as JSON", async () => {
    const { url } = await dev({ "index.js": 'export default { fetch(request) { if (request.url.endsWith("/api")) throw new TypeError("broken api"); return new Response("<!doctype html>", { headers: { "content-type": "text/html" } }) } };\n' });
    const { page } = await open(url);
    expect(await page.evaluate(async () => (await fetch("/api")).json())).toMatchObject({ error: "app_exception", detail: { name: "TypeError", message: "broken api" } });
  });
});
