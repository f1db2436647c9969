import { describe, expect, test } from "bun:test";
import { guestMemoryBytes, memoryLimitBytes, mostIsolates } from "../../../src/runtime/memory.ts";
import { TestRuntime, until } from "../../harness/runtime.ts";

const MB = 2 ** 20;
const GB = 2 ** 30;
const files = (found: Readonly<Record<string, string>>) => (path: string) => found[path] ?? null;

describe("the memory that there is", () => {
  test("is the machine's where nothing limits it", () => {
    expect(memoryLimitBytes(files({}), GB)).toBe(GB);
    expect(memoryLimitBytes(files({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" }), GB)).toBe(GB);
  });
  test("is the least of the control groups around nano, version 2", () => {
    const found = { "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": `${512 * MB}\n`, "/sys/fs/cgroup/memory.max": `${600 * MB}\n` };
    expect(memoryLimitBytes(files(found), GB)).toBe(512 * MB);
  });
  test("is that of version 1, where no limit is a very large number", () => {
    const found = { "/proc/self/cgroup": "9:cpu,cpuacct:/x\n4:memory:/a\n0::/\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": `${256 * MB}\n`, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" };
    expect(memoryLimitBytes(files(found), GB)).toBe(256 * MB);
  });
  test("is read in a container that does not see its own group", () => {
    expect(memoryLimitBytes(files({ "/proc/self/cgroup": "0::/docker/abc\n", "/sys/fs/cgroup/memory.max": `${128 * MB}` }), GB)).toBe(128 * MB);
  });
  test("is given to isolates for 70 percent unless the config says how much, and shared by processes", () => {
    const read = files({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": `${100 * MB}` });
    expect([guestMemoryBytes(0, 1, read), guestMemoryBytes(0, 2, read), guestMemoryBytes(64 * MB, 2, read)]).toEqual([Math.floor(70 * MB), 35 * MB, 32 * MB]);
  });
});

test("isolates are bounded by what the engine allows a machine of this size", () => {
  expect(mostIsolates(4 * MB, 2 ** 31)).toBe(1_024);
  expect(mostIsolates(4 * MB, 2 ** 36)).toBe(10_000);
});

describe("a process with little memory", () => {
  const source = `export default { async fetch(request) {
    const { searchParams } = new URL(request.url);
    const mb = Number(searchParams.get("mb"));
    const kept = [];
    for (let i = 0; i < mb; i++) kept.push(new Uint8Array(1 << 20).fill(1));
    await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("ms") ?? 20)));
    return new Response("held " + kept.length);
  } };`;
  const names = ["a", "b", "c", "d"];
  const start = (memoryMb: number) => TestRuntime.start(names.map((name) => ({ name, source, limits: { memory_mb: 64, quarantine_kills: 0 } })), { server: { memory_mb: memoryMb } });

  test("drops the isolates that have been idle for longest, and no request fails", async () => {
    using nano = await start(60);
    for (const name of ["a", "b", "c"]) expect(await nano.text(name, "/?mb=24")).toBe("held 24");
    expect(names.map((name) => nano.app(name).serving.pool.size)).toEqual([0, 1, 1, 0]);
    expect(await nano.text("d", "/?mb=24")).toBe("held 24");
    expect(names.map((name) => nano.app(name).serving.pool.size)).toEqual([0, 0, 1, 1]);
    expect(nano.told.kills).toEqual([]);
  });

  test("takes it from the app that has most when what runs needs more, and says so", async () => {
    using nano = await start(50);
    const hog = nano.get("a", "/?mb=32&ms=5000");
    await until(() => nano.app("a").serving.pool.memoryBytes > 32 * MB, "the hog");
    expect(await nano.text("b", "/?mb=16")).toBe("held 16");
    expect((await hog).headers.get("x-nano-error")).toBe("memory_limit");
    expect(nano.told.kills).toMatchObject([{ app: "a", reason: "exceededMemory", limitKey: "server.memory_mb", limit: 50 * MB }]);
  });

  test.each([[true, process.platform === "linux"], [false, false]] as const)("server.shared_pages: %p decides whether isolates share pages, and answers are the same", async (isShared, shares) => {
    using nano = await TestRuntime.start(names.map((name) => ({ name, source })), { server: { shared_pages: isShared } });
    for (const name of names) expect(await nano.text(name, "/?mb=1")).toBe("held 1");
    expect(nano.runtime.services.host.pages.sharing >= names.length).toBe(shares);
  });

  test("sheds what is new when there is nothing to be had, and takes it later", async () => {
    using nano = await start(20);
    for (const name of names) await nano.text(name);
    const running = nano.get("a", "/?mb=1");
    await until(() => nano.app("a").serving.pool.invocations === 1, "the request");
    for (const name of names) nano.app(name).serving.pool.evict(Number.POSITIVE_INFINITY);
    const { memory } = nano.runtime.services.host;
    const rest = { account: nano.app("b").account, countedBytes: memory.limitBytes - memory.usedBytes, rest: () => false, endForMemory() {} };
    memory.add(rest);
    const shed = await nano.get("b");
    expect([shed.status, shed.headers.get("x-nano-error"), shed.headers.get("retry-after")]).toEqual([503, "overloaded", "1"]);
    expect((await running).status).toBe(200);
    memory.remove(rest)();
    expect(await nano.text("b")).toBe("held 0");
    expect(nano.app("b").inFlight).toBe(0);
  });
});

test("a clock that jumps by years ends nobody", async () => {
  using nano = await TestRuntime.start([{ name: "a", source: `export default { async fetch() { await new Promise((resolve) => setTimeout(resolve, 60)); return new Response("fine"); } };` }]);
  const realNow = Date.now;
  try {
    expect(await nano.text("a")).toBe("fine");
    for (const step of [3_600_000, -3_600_000, 10 * 365 * 86_400_000, -20 * 365 * 86_400_000]) {
      const asked = Array.from({ length: 5 }, () => nano.text("a"));
      await until(() => nano.app("a").inFlight === 5, "the requests");
      Date.now = () => realNow() + step;
      expect(await Promise.all(asked)).toEqual(Array(5).fill("fine"));
    }
  } finally {
    Date.now = realNow;
  }
  expect([nano.told.kills, nano.told.faults]).toEqual([[], []]);
});
