import { describe, expect, test } from "bun:test";
import { Usage, type Use } from "../../../../src/cli/dev/usage.ts";
import { resolveAppLimits } from "../../../../src/limits.ts";
import type { RequestRecord, SubrequestRecord } from "../../../../src/observe/observer.ts";

const record = (fields: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: "r", app: "shop", host: "h", method: "GET", path: "/", protocol: "HTTP/1.1", clientAddress: "", userAgent: "", referrer: "", status: 200, bytes: 0, latencyMs: 1, answerMs: 1, cpuMs: 0, memoryBytes: 0, receivedBytes: 0, outcome: "ok", ...fields,
});
const subrequest = (requestId: string): SubrequestRecord => ({ app: "shop", requestId, method: "GET", origin: "https://a.test", status: 200, result: "ok", startedAt: 0, ms: 1 });

function usageOf() {
  const near: (readonly [string, Use])[] = [];
  const limits = resolveAppLimits({ cpu_ms: 100, wall_ms: 1_000, memory_mb: 32, max_body_mb: 1, subrequests: 10, log_kb: 1, bundle_mb: 1, startup_cpu_ms: 100, stream_ms: 1_000 });
  const usage = new Usage((app) => (app === "shop" || app === "other" ? limits : undefined), (app, use) => void near.push([app, use]));
  return { usage, near, keys: () => near.map(([app, { key }]) => `${app} ${key}`) };
}

describe("a near miss", () => {
  test("is told for whatever a request or a load uses more than 70 % of", () => {
    const { usage, keys } = usageOf();
    const { observer } = usage;
    observer.request(record({ cpuMs: 71 }));
    observer.request(record({ answerMs: 701, latencyMs: 1_402 }));
    observer.request(record({ memoryBytes: 23 << 20 }));
    observer.request(record({ receivedBytes: 800_000 }));
    for (let i = 0; i < 8; i++) observer.subrequest(subrequest("s"));
    observer.request(record({ requestId: "s" }));
    observer.console("shop", "c", "log", "x".repeat(900), "");
    observer.request(record({ requestId: "c" }));
    observer.appLoaded("shop", { revision: 1, ms: 1, bundleBytes: 900_000, snapshotBytes: 1, startupCpuMs: 80, warnings: [] });
    expect(keys()).toEqual(["cpu_ms", "wall_ms", "stream_ms", "memory_mb", "max_body_mb", "subrequests", "log_kb", "startup_cpu_ms", "bundle_mb"].map((key) => `shop ${key}`));
  });

  test("is told once per app and limit, in the unit of the config, with what came near", () => {
    const { usage, near } = usageOf();
    for (const app of ["shop", "shop", "other"]) usage.observer.request(record({ app, method: "PUT", path: "/a", receivedBytes: 838_861 }));
    expect(near).toEqual(["shop", "other"].map((app) => [app, { key: "max_body_mb", used: expect.closeTo(0.8, 3), allowed: 1, by: "PUT /a" }] as never));
  });

  test("is not told of 70 % and less, nor of what went past the limit and was ended, nor where there is no app", () => {
    const { usage, keys } = usageOf();
    for (const cpuMs of [70, 100.5]) usage.observer.request(record({ cpuMs }));
    usage.observer.request(record({ app: "", cpuMs: 80 }));
    expect(keys()).toEqual([]);
  });
});

describe("usage", () => {
  test("keeps the most of each limit and who used it", () => {
    const { usage } = usageOf();
    for (const [path, cpuMs] of [["/a", 5], ["/b", 9], ["/c", 2]] as const) usage.observer.request(record({ path, cpuMs }));
    expect(usage.mostOf("shop").find(({ key }) => key === "cpu_ms")).toEqual({ key: "cpu_ms", used: 9, allowed: 100, by: "GET /b" });
    expect(usage.mostOf("nobody")).toEqual([]);
  });

  test("keeps the last request as it ended, with what it did", () => {
    const { usage } = usageOf();
    usage.observer.subrequest(subrequest("r"));
    usage.observer.console("shop", "r", "log", "€", "");
    usage.observer.failure({ app: "shop", requestId: "r", name: "Error", message: "no", stack: "", frame: "" });
    const going = { ...record({ status: 500 }) };
    usage.observer.request(going);
    Object.assign(going, { status: 0 });
    expect(usage.last).toEqual({ record: record({ status: 500 }), subrequests: [subrequest("r")], consoleLines: 1, consoleBytes: 3, failure: expect.objectContaining({ message: "no" }) as never, kill: null });
  });

  test("does not remember requests that never end", () => {
    const { usage, keys } = usageOf();
    for (let i = 0; i < 8; i++) usage.observer.subrequest(subrequest("lost"));
    for (let i = 0; i < 1_000; i++) usage.observer.subrequest(subrequest(`open-${i}`));
    usage.observer.request(record({ requestId: "lost" }));
    expect(usage.last?.subrequests).toEqual([]);
    expect(keys()).toEqual([]);
  });
});
