import { describe, expect, test } from "bun:test";
import { app, Bench, reply } from "./fixture.ts";

const ask = async (bench: Bench, url: string, method = "GET") => {
  const response = await bench.fetch(new Request(url, { method, headers: { host: new URL(url).host } }));
  return [response.status, await response.text()];
};
const PATHS = ["/health", "/healthz", "/readyz"];

describe("health checks", () => {
  test.each(PATHS)("%s is answered on hosts that no app serves", async (path) => {
    const bench = new Bench(() => reply("the app"));
    expect(await ask(bench, `http://10.0.0.5:3000${path}`)).toEqual([200, '{"status":"ok"}']);
    expect(await ask(bench, `http://10.0.0.5${path}?verbose`)).toEqual([200, '{"status":"ok"}']);
    expect(await ask(bench, `http://10.0.0.5${path}`, "HEAD")).toEqual([200, ""]);
    expect(bench.records.map(({ app, status, outcome }) => [app, status, outcome])).toEqual(Array(3).fill(["", 200, "ok"]));
  });

  test.each(PATHS)("%s of an app is the app's", async (path) => {
    expect(await ask(new Bench(() => reply("the app")), `http://app.test${path}`)).toEqual([200, "the app"]);
    expect(await ask(new Bench(() => reply("the app"), { routes: [{ app, hosts: [], isDefault: true }] }), `http://10.0.0.5${path}`)).toEqual([200, "the app"]);
  });

  test.each(PATHS)("%s is nano's on every host with reserved paths, and nothing else is", async (path) => {
    const bench = new Bench(() => reply("the app"), { hasReservedPaths: true });
    expect(await ask(bench, `http://app.test${path}`)).toEqual([200, '{"status":"ok"}']);
    expect(await ask(bench, `http://app.test${path}/`)).toEqual([200, "the app"]);
    expect(await ask(bench, `http://app.test${path}`, "POST")).toEqual([200, "the app"]);
    expect(await ask(bench, "http://app.test/")).toEqual([200, "the app"]);
  });

  test("other paths and methods are as unknown as ever on hosts that no app serves", async () => {
    const bench = new Bench(() => reply("the app"));
    expect((await ask(bench, "http://10.0.0.5/healthz/"))[0]).toBe(404);
    expect((await ask(bench, "http://10.0.0.5/healthz", "POST"))[0]).toBe(404);
    expect((await ask(bench, "http://10.0.0.5/"))[0]).toBe(404);
  });

  test("readiness ends at once when nano stops, liveness does not, and apps are served as before", async () => {
    const bench = new Bench(() => reply("the app"));
    bench.pipeline.leave();
    expect(await ask(bench, "http://10.0.0.5/readyz")).toEqual([503, '{"status":"draining"}']);
    expect(await ask(bench, "http://10.0.0.5/healthz")).toEqual([200, '{"status":"draining"}']);
    expect(await ask(bench, "http://app.test/")).toEqual([200, "the app"]);
  });
});
