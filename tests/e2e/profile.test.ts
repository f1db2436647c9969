/** `nano dev --profile`, as a developer uses it: the terminal, the log, the file. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { BROWSER, CONTRASTS, type Contrasts, launchBrowser } from "../harness/browser.ts";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

const APP = `interface Row { n: number }

function spin(n: number): number {
  let x = 0;
  for (let i = 0; i < n; i++) x += i;
  return x;
}
const odd = { ["<img src=x onerror=document.title='broken'></script>"]() { return spin(20000); } };
export default {
  async fetch(request: Request) {
    if (new URL(request.url).pathname === "/odd") return new Response(String(Object.values(odd)[0]!()));
    return new Response(String(spin(60000)));
  },
};`;

const running: NanoProcess[] = [];
afterAll(() => Promise.all(running.map((one) => one.stop())));

interface Data {
  readonly functions: readonly (readonly [kind: string, name: string, place: string])[];
  readonly requests: readonly { readonly title: string; readonly fuel: number; readonly calls: readonly Call[] }[];
}
type Call = readonly [fn: number, fuel: number, calls: readonly Call[]];
const total = ([, fuel, calls]: Call): number => calls.reduce((sum, call) => sum + total(call), fuel);

/** Asks a fresh `nano dev --profile` for `paths`; what it told, and the page it wrote. */
async function profiling(paths: readonly string[], args: readonly string[] = []) {
  const folder = await temporaryFolder({ "shop.ts": APP });
  const dev = await NanoProcess.start(["dev", "shop.ts", "--port", "0", "--profile", ...args], { cwd: folder });
  running.push(dev);
  await dev.waitFor(() => /ready|app_loaded/.test(dev.out), "the app");
  for (const path of paths) expect((await dev.request("localhost", path)).status).toBe(200);
  dev.signal("SIGINT");
  expect(await dev.exited()).toBe(0);
  const page = await readFile(join(folder, "nano-profile.html"), "utf8");
  return { out: dev.out, log: dev.log, page, folder, data: JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "") as Data };
}

describe("nano dev --profile", () => {
  test("tells which functions a request burnt its CPU time in, with their places in the source", async () => {
    const { out } = await profiling(["/"]);
    expect(out).toContain("profiling every request; flame graph in ");
    expect(out).toMatch(/\n {2}[\d,]+ fuel in \d+ samples\n {6}self {4}total {2}function\n/);
    const [, self, all] = /([\d.]+) % +([\d.]+) % {2}spin +shop\.ts:3\n/.exec(out) ?? [];
    expect(Number(self)).toBeGreaterThan(80);
    expect(self).toBe(all as string);
    expect(out).toMatch(/ {2}fetch +shop\.ts:9\n/);
  });

  test("is the same for the same request, to the unit", async () => {
    const [first, second] = await Promise.all([profiling(["/"]), profiling(["/"])]);
    expect(second.data).toEqual(first.data);
    const [request] = first.data.requests;
    expect(request?.calls.reduce((sum, call) => sum + total(call), 0)).toBe(request?.fuel as number);
  });

  test("writes one page that needs nothing else, and in which no name is markup", async () => {
    const { page, data } = await profiling(["/odd", "/"]);
    expect(data.requests.map(({ title }) => title)).toEqual(["GET /odd", "GET /"]);
    expect(data.functions.some(([, name]) => name.startsWith("<img src=x"))).toBe(true);
    expect(page.match(/<\/?script/g)).toHaveLength(4);
    expect(page).not.toContain("<img");
    expect(page).not.toMatch(/(?:src|href)=["']?http/);
    expect(page).toContain("default-src 'none'");
  });

  test("gives programs an event in the log, and the file the name it is asked for", async () => {
    const { log } = await profiling(["/"], ["--log-format", "json"]);
    expect(log.find(({ event }) => event === "profile")).toMatchObject({ app: "shop", path: "/", top: "spin shop.ts:3", fuel: expect.any(Number) });
    const folder = await temporaryFolder({ "shop.ts": APP });
    const dev = await NanoProcess.start(["dev", "shop.ts", "--port", "0", "--profile", "--profile-file", "here.html"], { cwd: folder });
    running.push(dev);
    await dev.request("localhost", "/");
    await dev.waitFor(() => Bun.file(join(folder, "here.html")).size > 0, "the file");
  });
});

if (BROWSER === null) console.log("the flame graph is not looked at in a browser: there is no chromium in PATH (Debian: apt-get install chromium)");

describe.skipIf(BROWSER === null)("the flame graph in a browser", () => {
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    url = `file://${join((await profiling(["/odd", "/"])).folder, "nano-profile.html")}`;
  }, 60_000);
  afterAll(() => browser.close());

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
    await page.goto(url);
    return page;
  }
  const errors: string[] = [];
  const frames = (page: Page) => page.locator(".frame").allTextContents();

  test("shows the last request, another one, or all, and the functions of what it shows", async () => {
    const page = await open();
    expect(await frames(page)).toEqual(expect.arrayContaining(["GET /", "fetch", "spin"]));
    expect(await page.locator("tr.row").first().textContent()).toMatch(/^\d\d\.\d %\d\d\.\d %spinshop\.ts:3:1$/);
    await page.locator("select").selectOption("0");
    expect((await frames(page)).slice(0, 2)).toEqual(["GET /odd", "fetch"]);
    expect(await frames(page)).toContain("<img src=x onerror=document.title='broken'></script>");
    await page.locator("select").selectOption("all");
    expect((await frames(page))[0]).toBe("all requests");
    expect([await page.title(), errors]).toEqual(["nano: profile", []]);
  });

  test("zooms into what is clicked, and out with Escape", async () => {
    const page = await open();
    const width = async (name: string) => (await page.locator(".frame", { hasText: new RegExp(`^${name}$`) }).boundingBox())?.width ?? 0;
    await page.locator("select").selectOption("all");
    const before = await width("spin").catch(() => 0);
    await page.locator(".frame", { hasText: "img src" }).click();
    expect(await page.locator(".frame.dim").allTextContents()).toEqual(["all requests", "fetch"]);
    expect(await page.locator(".told").textContent()).toContain("<img src=x");
    expect(await width("spin")).toBeGreaterThan(before);
    await page.keyboard.press("Escape");
    expect(await page.locator(".frame.dim").count()).toBe(0);
  });

  test("marks what a search finds and tells its share", async () => {
    const page = await open();
    await page.locator("input").fill("SPIN");
    expect(await page.locator(".frame.hit").allTextContents()).toEqual(["spin"]);
    expect(await page.locator(".about").textContent()).toMatch(/^9\d\.\d % in what matches$/);
    await page.locator("input").fill("no such function");
    expect(await page.locator(".frame.hit").count()).toBe(0);
  });

  test("is saved in the form that speedscope reads", async () => {
    const page = await open({ acceptDownloads: true });
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Save for speedscope").click()]);
    const saved = (await Bun.file(await download.path()).json()) as { readonly $schema: string; readonly shared: { readonly frames: readonly { readonly name: string }[] }; readonly profiles: readonly { readonly endValue: number; readonly samples: readonly number[][]; readonly weights: readonly number[] }[] };
    expect([download.suggestedFilename(), saved.$schema]).toEqual(["nano.speedscope.json", "https://www.speedscope.app/file-format-schema.json"]);
    for (const { endValue, samples, weights } of saved.profiles) {
      expect(samples.length).toBe(weights.length);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(endValue);
      expect(samples.flat().every((frame) => saved.shared.frames[frame] !== undefined)).toBe(true);
    }
  });

  test.each([["light", 1100], ["dark", 1100], ["light", 390], ["dark", 390]] as const)("can be read in %s, %d pixels wide", async (colorScheme, width) => {
    const page = await open({ colorScheme, viewport: { width, height: 800 } });
    const { paper, palest } = (await page.evaluate(CONTRASTS)) as Contrasts;
    expect(colorScheme === "dark" ? paper < 0.1 : paper > 0.8).toBe(true);
    expect(palest).toBeGreaterThan(4.5);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });
});
