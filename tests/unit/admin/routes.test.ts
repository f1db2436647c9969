import { describe, expect, test } from "bun:test";
import { bench } from "./fixture.ts";

describe("apps", () => {
  test("are listed, shown one by one, and unknown ones are told as such", async () => {
    const { ask } = bench();
    expect(await (await ask("GET", "/admin/apps")).json()).toMatchObject({ apps: [{ name: "blog", state: "ready", kills: { exceededCpu: 1 } }] });
    expect(await (await ask("GET", "/admin/apps/blog")).json()).toMatchObject({ name: "blog", hostnames: ["blog.test"] });
    const unknown = await ask("GET", "/admin/apps/none");
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: "unknown_app", message: "there is no such app" }]);
  });

  test("are added with 201, and what is wrong is told by the fields of the body", async () => {
    const { ask, operations, events } = bench();
    const added = await ask("POST", "/admin/apps?persist=true", { json: { hostname: "shop.test", path: "./shop.js" } });
    expect([added.status, await added.json()]).toMatchObject([201, { name: "shop.test" }]);
    expect(operations.calls).toEqual([["addApp", { persist: true }]]);
    const wrong = await ask("POST", "/admin/apps", { json: { hostname: "x.test", path: "./x.js", limits: { cpu_ms: 1 }, timeout: 3 } });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({
      error: "invalid",
      problems: [
        { field: "limits.cpu_ms", message: "1 is below the floor of 5 ms", hint: "cpu_ms is the CPU time of one invocation, counted as fuel: use a whole number from 5 to 300000" },
        { field: "timeout", message: 'there is no key "timeout"' },
      ],
    });
    expect(events).toEqual([["admin", { method: "POST", path: "/admin/apps", status: 201 }], ["admin", { method: "POST", path: "/admin/apps", status: 400, error: "invalid" }]]);
  });

  test("with a hostname or a name that is taken are refused with 409", async () => {
    const { ask } = bench();
    const host = await ask("POST", "/admin/apps", { json: { name: "b", hostname: "blog.test", path: "./x.js" } });
    expect([host.status, await host.json()]).toMatchObject([409, { error: "hostname_taken", problems: [{ field: "hostname" }] }]);
    const name = await ask("POST", "/admin/apps", { json: { name: "blog", hostname: "b.test", path: "./x.js" } });
    expect([name.status, await name.json()]).toMatchObject([409, { error: "name_taken" }]);
  });

  test("are replaced, limited and removed", async () => {
    const { ask, operations } = bench();
    expect((await ask("PUT", "/admin/apps/blog", { json: { hostname: "new.test", path: "./b.js" } })).status).toBe(200);
    expect(await (await ask("PATCH", "/admin/apps/blog/limits", { json: { cpu_ms: 70 } })).json()).toMatchObject({ limits: { cpu_ms: 70 } });
    const removed = await ask("DELETE", "/admin/apps/blog?drain_ms=500");
    expect([removed.status, await removed.json()]).toMatchObject([202, { state: "draining", drain: { reason: "removed", in_flight: 1 } }]);
    expect(operations.calls.at(-1)).toEqual(["removeApp", "blog", { persist: false, drainMs: 500 }]);
    expect((await ask("DELETE", "/admin/apps/blog")).status).toBe(404);
  });

  test("are removed by one of their hosts, as clients of older versions do", async () => {
    const { ask } = bench();
    expect((await ask("DELETE", "/admin/apps?hostname=none.test")).status).toBe(404);
    expect((await ask("DELETE", "/admin/apps")).status).toBe(400);
    expect((await ask("DELETE", "/admin/apps?hostname=BLOG.test")).status).toBe(202);
  });

  test("have names that a path has to escape", async () => {
    const { ask, operations } = bench();
    operations.raw.set("*.a.test:[1]", { hostname: "*.a.test", path: "/a" });
    expect(await (await ask("GET", `/admin/apps/${encodeURIComponent("*.a.test:[1]")}`)).json()).toMatchObject({ name: "*.a.test:[1]" });
  });
});

describe("variables", () => {
  test("are shown by name and size, and no reply has a value", async () => {
    const { ask } = bench();
    const texts: string[] = [];
    for (const [method, json] of [["GET", undefined], ["PATCH", { set: { TOKEN: "CANARY-token" } }], ["PUT", { env: { A: "CANARY-a" }, secrets: { B: { from_env: "X" } } }], ["DELETE", undefined]] as const) {
      const reply = await ask(method, "/admin/apps/blog/env", json === undefined ? {} : { json });
      expect(reply.status).toBe(200);
      texts.push(await reply.text());
    }
    expect(texts[0]).toContain('{"name":"KEY","bytes":12,"is_secret":true}');
    expect(texts.join("\n")).not.toContain("CANARY");
  });

  test("are set, replaced and removed as the operation is asked to", async () => {
    const { ask, operations } = bench();
    const none = { set: {}, secrets: {}, remove: [], replace: false };
    await ask("PATCH", "/admin/apps/blog/env", { json: { set: { A: "1" }, remove: ["B"] } });
    await ask("PUT", "/admin/apps/blog/env?persist=true", { json: { secrets: { C: [1] } } });
    await ask("DELETE", "/admin/apps/blog/env?key=A&key=B");
    await ask("DELETE", "/admin/apps/blog/env?key=A");
    await ask("DELETE", "/admin/apps/blog/env");
    expect(operations.calls.map((call) => (call as unknown[]).slice(2))).toEqual([
      [{ ...none, set: { A: "1" }, remove: ["B"] }, { persist: false }],
      [{ ...none, secrets: { C: [1] }, replace: true }, { persist: true }],
      [{ ...none, remove: ["A", "B"] }, { persist: false }],
      [{ ...none, remove: ["A"] }, { persist: false }],
      [{ ...none, replace: true }, { persist: false }],
    ]);
  });

  test("with impossible names or references are refused, without their values", async () => {
    const { ask } = bench();
    const reply = await ask("PATCH", "/admin/apps/blog/env", { json: { set: { "9": "CANARY", B: { from_env: "" } } } });
    const text = await reply.text();
    expect([reply.status, JSON.parse(text)]).toMatchObject([400, { error: "invalid", problems: [{ field: "set.9", message: "this is no name for a variable" }, { field: "set.B", message: "this names no source for a value" }] }]);
    expect(text).not.toContain("CANARY");
  });
});

describe("the rest", () => {
  test("health says why nano is not ready; probes need no token", async () => {
    const { ask, operations } = bench();
    operations.isReady = false;
    const health = await ask("GET", "/admin/health");
    expect([health.status, await health.json()]).toMatchObject([503, { is_live: true, is_ready: false, reasons: ["no worker is ready"] }]);
    const probe = async (path: string) => (await ask("GET", path, { headers: { authorization: "" } })).status;
    expect([await probe("/readyz"), await probe("/healthz"), await probe("/health"), await probe("/metrics"), await probe("/admin/health")]).toEqual([503, 200, 200, 401, 401]);
    operations.isReady = true;
    expect(await probe("/readyz")).toBe(200);
  });

  test("metrics are text, a reload says what changed, the config is shown", async () => {
    const { ask } = bench();
    const metrics = await ask("GET", "/metrics");
    expect([metrics.headers.get("content-type"), await metrics.text()]).toEqual(["text/plain; version=0.0.4; charset=utf-8", expect.stringContaining("nano_uptime_seconds 1")]);
    expect(await (await ask("POST", "/admin/reload")).json()).toMatchObject({ is_changed: true, replaced: [{ name: "blog", fields: ["env"] }] });
    expect(await (await ask("GET", "/admin/config")).json()).toEqual({ port: 3000 });
  });

  test("unknown paths, methods and parameters are told with what there is", async () => {
    const { ask } = bench();
    expect((await ask("GET", "/admin/nothing")).status).toBe(404);
    const method = await ask("POST", "/admin/apps/blog");
    expect([method.status, method.headers.get("allow")]).toEqual([405, "GET, HEAD, PUT, DELETE"]);
    const query = await ask("POST", "/admin/apps?persits=true", { json: {} });
    expect([query.status, await query.json()]).toMatchObject([400, { error: "bad_query", problems: [{ field: "persits", message: "there is no such parameter", hint: "there are: persist" }] }]);
    expect(await (await ask("DELETE", "/admin/apps/blog?drain_ms=300001")).json()).toMatchObject({ problems: [{ field: "drain_ms", message: "must be milliseconds, 0 to 300000" }] });
  });

  test("a defect is answered with an id and told to the log, with nothing of it to the client", async () => {
    const { ask, operations, faults } = bench();
    operations.defect = new Error("CANARY inside");
    const reply = await ask("GET", "/admin/apps");
    const text = await reply.text();
    expect([reply.status, JSON.parse(text)]).toEqual([500, { error: "internal_error", message: expect.any(String), id: expect.stringMatching(/^[\da-f-]{36}$/) }]);
    expect(text).not.toContain("CANARY");
    expect(faults).toEqual([operations.defect]);
  });
});
