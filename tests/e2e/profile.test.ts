/** `nano dev --profile`, as a developer uses it: the terminal, the log, the file. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
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

  const chromium = Bun.which("chromium") ?? Bun.which("google-chrome");
  if (chromium === null) console.log("no chromium here: the flame graph is not looked at in a browser");
  test.skipIf(chromium === null)("the page draws its graph in a browser", async () => {
    const { folder } = await profiling(["/odd", "/"]);
    const browser = Bun.spawn([chromium as string, "--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(folder, "browser")}`, "--dump-dom", `file://${join(folder, "nano-profile.html")}`], { stdout: "pipe", stderr: "ignore", timeout: 60_000 });
    const dom = await new Response(browser.stdout).text();
    // Without the whole page in the message when one of them is not there.
    const holds = (part: RegExp) => part.test(dom);
    expect(holds(/<title>nano: profile<\/title>/)).toBe(true);
    expect(holds(/<button class="frame"[^>]*aria-label="spin, [\d.]+ %"[^>]*>spin<\/button>/)).toBe(true);
    expect(holds(/<td class="name">shop\.ts:3:1<\/td>/)).toBe(true);
    expect(holds(/<option value="0">shop {2}GET \/odd {2}200/)).toBe(true);
    expect(dom.match(/<tr class="row">/g)?.length ?? 0).toBeGreaterThan(1);
    expect(holds(/<img/)).toBe(false);
  }, 90_000);
});
