import { describe, expect, test } from "bun:test";
import { appFromPath, configOfApp } from "../../../src/config/single-app.ts";

describe("one app without a config file", () => {
  test("serves every host with the defaults", () => {
    expect(configOfApp("/work", { path: "shop/index.ts", watch: true })).toMatchObject({ file: null, port: 3000, host: "127.0.0.1", apps: [{ name: "shop", hostnames: [], isDefault: true, path: "/work/shop/index.ts", watch: true, limits: { cpuMs: 5_000 } }] });
  });

  test.each([["/srv/blog.js", "blog"], ["/srv/shop/worker.ts", "shop"], ["/srv/my shop", "my-shop"], ["/index.js", "index"], ["/srv/a.b.js", "a.b"]])("%s is named %s", (path, name) => {
    expect(appFromPath("/", { path }).name).toBe(name);
  });

  test("takes env, limits and hosts that may be fetched", () => {
    expect(appFromPath("/", { path: "a.js", env: { A: "1" }, limits: { cpu_ms: 50 }, egressAllow: ["127.0.0.0/8"] })).toMatchObject({ env: { A: "1" }, limits: { cpuMs: 50 }, egressAllow: ["127.0.0.0/8"] });
  });

  test("refuses what a config would refuse, naming the option and no place in a file", () => {
    expect(() => configOfApp("/", { path: "a.js", limits: { cpu_ms: 1 }, egressAllow: ["*"] })).toThrow(
      "apps[0].limits.cpu_ms: 1 is below the floor of 5 ms\n  cpu_ms is the CPU time of one invocation, counted as fuel: use a whole number from 5 to 300000\napps[0].egress.allow[0]: hosts are allowed one by one, without *",
    );
  });
});
