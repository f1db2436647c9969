/** Many small apps in the executable: what they weigh once nobody asks, and that they are what they were when somebody does. */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { NanoProcess } from "../harness/nano.ts";

const APPS = 60;
const KB = 1024;
const names = Array.from({ length: APPS }, (_, i) => `app-${i}`);
const source = (name: string) => `
let count = 0;
const notes = new Map();
export default { fetch(request) {
  notes.set(++count, "${name} note " + count);
  return new Response("${name} " + count + " " + [...notes.values()].join());
} };`;
const expected = (name: string, count: number) => `${name} ${count} ${Array.from({ length: count }, (_, i) => `${name} note ${i + 1}`).join()}`;

const serve = (server: object) =>
  NanoProcess.serve(
    { workers: 0, server, apps: names.map((name) => ({ name, hostname: `${name}.test`, path: `${name}.js` })) },
    Object.fromEntries(names.map((name) => [`${name}.js`, source(name)])),
  );

const askAll = async (nano: NanoProcess, count: number) => {
  for (const name of names) expect(await fetch(`http://127.0.0.1:${nano.port}/`, { headers: { host: `${name}.test` } }).then((response) => response.text())).toBe(expected(name, count));
};

/** In the linear memories of isolates: what is mapped of the image and what they have made their own. */
function isolateBytes(pid: number): { readonly mapped: number; readonly own: number } {
  let mapped = 0;
  let own = 0;
  for (const part of readFileSync(`/proc/${pid}/smaps`, "utf8").split(/(?=^[0-9a-f]+-[0-9a-f]+ )/m)) {
    if (!part.includes("nano-image")) continue;
    const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(part)?.[1] ?? 0);
    mapped += kilobytes("Rss") * KB;
    own += kilobytes("Anonymous") * KB;
  }
  return { mapped, own };
}

const after: NanoProcess[] = [];
afterEach(async () => {
  for (const nano of after.splice(0)) await nano.stop();
});

describe.skipIf(process.platform !== "linux")("apps that nobody asks for a while", () => {
  test("give back what their isolates had of memory, and know what they knew", async () => {
    const nano = await serve({});
    after.push(nano);
    await askAll(nano, 1);
    await askAll(nano, 2);
    const busy = isolateBytes(nano.pid);
    expect(busy.own / APPS).toBeGreaterThan(100 * KB);
    // Eight instances wait for whoever needs one, with some 300 KB each.
    await nano.waitFor(() => isolateBytes(nano.pid).own < APPS * 10 * KB + 8 * 600 * KB, "the rest");
    await askAll(nano, 3);
    await askAll(nano, 4);
  }, 60_000);

  test("share nothing with server.shared_pages off, and know what they knew", async () => {
    const nano = await serve({ shared_pages: false });
    after.push(nano);
    for (let count = 1; count <= 3; count++) await askAll(nano, count);
    expect(isolateBytes(nano.pid)).toEqual({ mapped: 0, own: 0 });
  }, 60_000);
});
