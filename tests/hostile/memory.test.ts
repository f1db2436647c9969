/** Memory bombs in eight apps at once, in a container of 512 MB: apps are ended, the process is not. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "bun:test";
import { NanoProcess, temporaryFolder } from "../harness/nano.ts";

const MB = 2 ** 20;
const BOMB = `export default { async fetch(request) {
  if (request.url.endsWith("/ok")) return new Response("ok");
  const kept = [];
  for (;;) { kept.push(new ArrayBuffer(1 << 20)); await 0; }
} };`;
const BOMBS = Array.from({ length: 8 }, (_, i) => `bomb${i}`);

/** A control group of our own, where this process may make one. */
function openGroup(limitBytes: number): { readonly procs: string; readonly folder: string; remove(): void } | null {
  const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const folder = join(isV2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", `nano-test-${process.pid}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, isV2 ? "memory.max" : "memory.limit_in_bytes"), String(limitBytes));
    return { folder, procs: join(folder, "cgroup.procs"), remove: () => rmdirSync(folder) };
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return null;
  }
}

const group = openGroup(512 * MB);
afterAll(() => group?.remove());

async function crowd(nano: NanoProcess, rounds: number): Promise<{ readonly statuses: ReadonlyMap<string, number>; readonly good: readonly string[]; readonly peakBytes: number }> {
  const statuses = new Map<string, number>();
  const good: string[] = [];
  let peakBytes = 0;
  for (let round = 0; round < rounds; round++) {
    const bombs = BOMBS.flatMap((name) => [0, 1, 2].map(() => nano.request(`${name}.test`, "/")));
    good.push(await (await nano.request("good.test", "/ok")).text());
    for (const answer of bombs) {
      const response = await answer;
      const told = `${response.status} ${response.headers.get("x-nano-error")}`;
      statuses.set(told, (statuses.get(told) ?? 0) + 1);
    }
    peakBytes = Math.max(peakBytes, nano.rssBytes);
  }
  return { statuses, good, peakBytes };
}

const app = (name: string) => ({ hostname: `${name}.test`, path: "./bomb.js", limits: { memory_mb: 128, cpu_ms: 10_000, quarantine_kills: 0 } });
const config = { port: 0, workers: 0, apps: [...BOMBS.map(app), app("good")] };

describe("memory bombs in eight apps", () => {
  test.skipIf(group === null)("in a container of 512 MB end those apps, not the process, and neighbours are served", async () => {
    const folder = await temporaryFolder({ "bomb.js": BOMB, "nano.json": JSON.stringify(config) });
    // The group has to be entered before nano looks at it.
    await Bun.write(join(folder, "nano.sh"), `#!/bin/sh\necho $$ > ${group?.procs}\nexec "$@"\n`);
    const nano = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")], { through: ["/bin/sh", join(folder, "nano.sh")] });
    const { pid } = nano;
    try {
      const { statuses, good } = await crowd(nano, 6);
      expect([...statuses.keys()].filter((told) => !/^503 (memory_limit|overloaded|isolate_lost)$/.test(told))).toEqual([]);
      expect(statuses.get("503 memory_limit")).toBeGreaterThan(8);
      expect(good).toEqual(Array(6).fill("ok"));
      expect([nano.isAlive, nano.pid]).toEqual([true, pid]);
      expect(nano.log.some(({ event, config_key }) => event === "kill" && config_key === "server.memory_mb")).toBe(true);
      expect(Number(readFileSync(join(group?.folder ?? "", existsSync("/sys/fs/cgroup/cgroup.controllers") ? "memory.current" : "memory.usage_in_bytes"), "utf8"))).toBeLessThan(512 * MB);
    } finally {
      await nano.stop();
    }
  });

  test("stay within server.memory_mb and what nano itself needs", async () => {
    const folder = await temporaryFolder({ "bomb.js": BOMB, "nano.json": JSON.stringify({ ...config, server: { memory_mb: 200 } }) });
    const nano = await NanoProcess.start(["serve", "--config", join(folder, "nano.json")]);
    try {
      const startBytes = nano.rssBytes;
      const { good, peakBytes } = await crowd(nano, 6);
      expect(good).toEqual(Array(6).fill("ok"));
      expect(peakBytes - startBytes).toBeLessThan(300 * MB);
    } finally {
      await nano.stop();
    }
  });
});
