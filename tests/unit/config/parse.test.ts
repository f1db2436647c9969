import { describe, expect, test } from "bun:test";
import { limitKeys, type Limit, limits } from "../../../src/limits.ts";
import { oneApp, parse, problemsOf } from "./fixture.ts";

const fields = (value: unknown) => problemsOf(value).map(({ field, code }) => `${field} ${code}`);

describe("a config that is right", () => {
  test("the least that works serves every host on 127.0.0.1:3000", () => {
    expect(parse({ apps: [{ path: "./shop/index.js" }] })).toMatchObject({
      file: "/srv/nano.json", port: 3000, host: "127.0.0.1", log: { format: "json", level: "info" }, trustedProxies: [], drainMs: 30_000,
      apps: [{ name: "shop", hostnames: [], isDefault: true, path: "/srv/shop/index.js", env: {}, fallback: null, egressAllow: [], watch: false }],
    });
  });

  test("every key of the format is taken", () => {
    const config = parse(`{
      "$schema": "./nano.schema.json", "port": 0, "host": "[::1]", "log": { "format": "apache", "level": "warn" }, "trusted_proxies": ["10.0.0.0/8", "::1"], "drain_ms": 2000,
      "limits": { "url_kb": 16 }, "defaults": { "timeout_ms": 100, "memory_mb": 32, "max_buffer_size_mb": 8, "limits": { "wall_ms": 2000 } },
      "apps": [
        { "name": "one", "hostname": "One.Example.com.", "path": "/abs/one.ts", "env": { "A": "1", "B": { "c": [true, null, 2.5] } }, "timeout_ms": 50, "limits": { "log_kb": 1 } },
        { "hostnames": ["*.Two.example", "[0:0:0:0:0:0:0:1]"], "path": "two", "default": true, "watch": true, "fallback": "https://up.example/x", "egress": { "allow": ["DB.internal:80", "10.1.0.0/16"] } }, // trailing comma
      ],
    }`);
    expect(config).toMatchObject({ port: 0, host: "::1", log: { format: "apache", level: "warn" }, trustedProxies: ["10.0.0.0/8", "::1"], drainMs: 2_000, limits: { urlBytes: 16_384 } });
    expect(config.apps).toMatchObject([
      { name: "one", hostnames: ["one.example.com"], isDefault: false, path: "/abs/one.ts", env: { A: "1", B: { c: [true, null, 2.5] } }, limits: { cpuMs: 50, wallMs: 2_000, logBytes: 1_024, memoryBytes: 32 << 20, maxBufferBytes: 8 << 20, drainMs: 2_000 } },
      { name: "*.two.example", hostnames: ["*.two.example", "[::1]"], isDefault: true, path: "/srv/two", watch: true, fallback: "https://up.example/x", egressAllow: ["db.internal:80", "10.1.0.0/16"], limits: { cpuMs: 100 } },
    ]);
  });

  test("a name that is a hostname serves that host, and a hostname names its app", () => {
    const { apps } = parse({ apps: [{ name: "good1", path: "a" }, { hostname: "good2", path: "b" }] });
    expect(apps.map(({ name, hostnames }) => [name, hostnames])).toEqual([["good1", ["good1"]], ["good2", ["good2"]]]);
  });

  test("an app alone serves every host, unless it says that it does not", () => {
    expect(parse(oneApp({})).apps[0]?.isDefault).toBe(true);
    expect(parse(oneApp({ default: false })).apps[0]?.isDefault).toBe(false);
  });

  test("of several apps none serves unknown hosts unless it is the default", () => {
    expect(parse({ apps: [{ name: "a", path: "a" }, { name: "b", path: "b" }] }).apps.map((app) => app.isDefault)).toEqual([false, false]);
  });

  test("the result is plain data that nobody can change, env included", () => {
    const config = parse(oneApp({ env: { A: { b: [1] } } }));
    const frozen = (value: unknown): boolean => typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
    expect(structuredClone(config)).toEqual(config);
  });

  test("names such as __proto__ and constructor are variables like others", () => {
    const { env } = parse('{"apps":[{"path":"a","env":{"__proto__":{"x":1},"constructor":"c","toString":"t"}}]}').apps[0] as { env: object };
    expect(Object.entries(env)).toEqual([["__proto__", { x: 1 }], ["constructor", "c"], ["toString", "t"]]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("1,000 apps are parsed", () => {
    expect(parse({ apps: Array.from({ length: 1_000 }, (_, i) => ({ name: `app-${i}`, path: "./app.js" })) }).apps).toHaveLength(1_000);
  });
});

describe("limits in a config", () => {
  test.each(limitKeys("app").map((key) => [key, limits[key] as Limit] as const))("%s is taken from floor to ceiling and refused one past them", (key, { least, most }) => {
    const memory = key === "max_buffer_size_mb" ? { memory_mb: 1_024 } : {};
    const given = (value: unknown) => oneApp({ ...memory, limits: { [key]: value } });
    for (const value of [least, most]) expect(() => parse(given(value))).not.toThrow();
    for (const value of [least - 1, most + 1]) expect(fields(given(value))).toEqual([`apps[0].limits.${key} limit_bounds`]);
    for (const value of [least + 0.5, String(most), null, true, [], {}]) expect(fields(given(value))).toEqual([`apps[0].limits.${key} value_wrong`]);
  });

  test.each(limitKeys("server").map((key) => [key, limits[key] as Limit] as const))("%s is a limit of the server alone", (key, { least, most }) => {
    const given = (value: number) => ({ ...oneApp({}), limits: { [key]: value } });
    for (const value of [least, most]) expect(() => parse(given(value))).not.toThrow();
    for (const value of [least - 1, most + 1]) expect(fields(given(value))).toEqual([`limits.${key} limit_bounds`]);
    expect(fields(oneApp({ limits: { [key]: most } }))).toEqual([`apps[0].limits.${key} key_unknown`]);
  });

  test.each(limitKeys("fixed"))("%s cannot be set", (key) => {
    expect(fields(oneApp({ limits: { [key]: 1 } }))).toEqual([`apps[0].limits.${key} key_unknown`]);
    expect(fields({ ...oneApp({}), limits: { [key]: 1 } })).toEqual([`limits.${key} key_unknown`]);
  });

  test("the older name of cpu_ms has its bounds", () => {
    expect(fields(oneApp({ timeout_ms: 4 }))).toEqual(["apps[0].timeout_ms limit_bounds"]);
  });

  test("one limit said twice must be said alike", () => {
    expect(() => parse(oneApp({ timeout_ms: 50, limits: { cpu_ms: 50 } }))).not.toThrow();
    expect(fields(oneApp({ timeout_ms: 50, limits: { cpu_ms: 60 } }))).toEqual(["apps[0].timeout_ms limit_twice"]);
    expect(fields({ ...oneApp({}), defaults: { memory_mb: 64, limits: { memory_mb: 32 } } })).toEqual(["defaults.memory_mb limit_twice"]);
  });

  test("an app may not buffer more than its memory, wherever the two numbers come from", () => {
    expect(fields(oneApp({ memory_mb: 32, max_buffer_size_mb: 33 }))).toEqual(["apps[0].max_buffer_size_mb buffer_above_memory"]);
    expect(fields({ ...oneApp({ memory_mb: 32 }), defaults: { max_buffer_size_mb: 64 } })).toEqual(["apps[0].memory_mb buffer_above_memory"]);
    expect(fields({ ...oneApp({}), defaults: { memory_mb: 32, max_buffer_size_mb: 64 } })).toEqual(["apps[0] buffer_above_memory"]);
  });
});

describe("apps beside each other", () => {
  const two = (a: object, b: object) => ({ apps: [{ path: "a", ...a }, { path: "b", ...b }] });

  test("a hostname belongs to one app, however it is spelled", () => {
    for (const [a, b] of [["a.test", "A.TEST."], ["*.a.test", "*.A.test"], ["[::1]", "[0:0::1]"]]) {
      const [problem, ...rest] = problemsOf(two({ name: "x", hostname: a }, { name: "y", hostnames: ["z.test", b] }));
      expect(rest).toEqual([]);
      expect(problem).toMatchObject({ code: "hostname_taken", field: "apps[1].hostnames[1]" });
      expect(problem?.message).toEndWith("is taken already: apps[0].hostname");
    }
  });

  test("a wildcard and a name below it may belong to different apps", () => {
    expect(() => parse(two({ hostname: "*.a.test" }, { hostname: "b.a.test" }))).not.toThrow();
  });

  test("an app lists a hostname once", () => {
    expect(fields(oneApp({ hostname: undefined, hostnames: ["a.test", "a.test"] }))).toEqual(["apps[0].hostnames[1] hostname_taken"]);
  });

  test("a name belongs to one app, given or taken from the hostname", () => {
    expect(fields(two({ name: "x", hostname: "a.test" }, { name: "x", hostname: "b.test" }))).toEqual(["apps[1].name name_taken"]);
    expect(fields(two({ name: "b.test", hostname: "a.test" }, { hostname: "b.test" }))).toEqual(["apps[1].hostname name_taken"]);
  });

  test("one app at most is the default", () => {
    expect(fields(two({ name: "x", default: true }, { name: "y", default: true }))).toEqual(["apps[1].default default_twice"]);
  });

  test("an app among others needs a host", () => {
    expect(fields(two({ name: "x" }, {}))).toEqual(["apps[1] hostname_needed"]);
    expect(fields(two({ name: "x" }, { name: "my_app" }))).toEqual(["apps[1].name hostname_needed"]);
    expect(() => parse(two({ name: "x" }, { name: "my_app", default: true }))).not.toThrow();
  });

  test("hostname and hostnames exclude each other", () => {
    expect(fields(oneApp({ hostnames: ["b.test"] }))).toEqual(["apps[0].hostnames hostname_and_hostnames"]);
  });
});

describe("values that are refused", () => {
  test.each(["", "a b", "http://a.test", "a.test:80", "a.test/x", "*", "a.*.test", "*.1.2.3.4", "1.2.3", "_x.test", "-a.test", `${"a".repeat(64)}.test`, "[::1", "[fe80::1%25eth0]", "ä.test"])("hostname %j", (hostname) => {
    expect(fields(oneApp({ hostname }))).toEqual(["apps[0].hostname value_wrong"]);
  });

  test.each(["10.0.0.5/8", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "::1/129", "10.0.0.0/8/8", "010.0.0.1", "proxy.test", ""])("trusted proxy %j", (address) => {
    expect(fields({ ...oneApp({}), trusted_proxies: [address] })).toEqual(["trusted_proxies[0] value_wrong"]);
  });

  test.each(["http://db", "*.db", "db:0", "db:99999", "10.0.0.1/8", "", "a b"])("egress %j", (host) => {
    expect(fields(oneApp({ egress: { allow: ["ok.test", host] } }))).toEqual(["apps[0].egress.allow[1] value_wrong"]);
  });

  test.each(["ftp://x", "x.test", "http://u:p@x.test", "http://x.test/#a", "//x.test", ""])("fallback %j", (fallback) => {
    expect(fields(oneApp({ fallback }))).toEqual(["apps[0].fallback value_wrong"]);
  });

  test.each(["0.0.0.0:80", "http://x", "", "*", "999.1.1.1"])("host to listen on %j", (host) => {
    expect(fields({ ...oneApp({}), host })).toEqual(["host value_wrong"]);
  });

  test.each([-1, 65_536, 1.5, "80", null])("port %j", (port) => {
    expect(fields({ ...oneApp({}), port })).toEqual(["port value_wrong"]);
  });

  test("a list in place of an object is told once, whatever would be missing in it", () => {
    expect(fields({ apps: [[]], log: [], defaults: [] })).toEqual(["apps[0] value_wrong", "log value_wrong", "defaults value_wrong"]);
  });

  test("env is bounded in number, in each value and in all, by bytes", () => {
    const many = (count: number, value: string) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${String(i).padStart(3, "0")}`, value]));
    expect(() => parse(oneApp({ env: many(128, "x".repeat(1_020)) }))).not.toThrow();
    expect(fields(oneApp({ env: many(128, "x".repeat(1_021)) }))).toEqual(["apps[0].env.V127 env_size"]);
    expect(fields(oneApp({ env: many(129, "x") }))).toEqual(["apps[0].env.V128 env_count"]);
    expect(() => parse(oneApp({ env: { A: "é".repeat(2_560) } }))).not.toThrow();
    const [problem] = problemsOf(oneApp({ env: { A: `${"é".repeat(2_560)}x` } }));
    expect(problem).toMatchObject({ field: "apps[0].env.A", message: "the value of A has 5121 bytes, and at most 5120 fit" });
    expect(fields(oneApp({ env: { "1a": 1, "": 2, "a b": 3 } }))).toEqual(["apps[0].env.1a value_wrong", 'apps[0].env[""] value_wrong', 'apps[0].env["a b"] value_wrong']);
  });
});
