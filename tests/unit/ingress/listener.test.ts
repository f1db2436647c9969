import { expect, test } from "bun:test";
import type { DispatchResult } from "../../../src/ingress/pipeline.ts";
import { Listener } from "../../../src/ingress/listener.ts";
import { Router } from "../../../src/ingress/router.ts";
import { app, Bench, reply, source } from "./fixture.ts";

function open(bench: Bench, port = 0): Listener {
  bench.pipeline.swapRouter(Router.from([{ app, hosts: [], isDefault: true }]));
  return Listener.open({ pipeline: bench.pipeline, host: "127.0.0.1", port, idleTimeoutS: 10, maxHeadBytes: 65_536 });
}

test("a port in use is named", async () => {
  const first = open(new Bench(() => reply("x")));
  expect(() => open(new Bench(() => reply("x")), first.port)).toThrow(expect.objectContaining({ code: "port_in_use", port: first.port }));
  await first.close(0);
});

test("clients that are asked to leave are served until they have left", async () => {
  const listener = open(new Bench(() => reply("x")));
  const dismissed = listener.dismiss(10_000);
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
  await dismissed;
  await listener.close(0);
});

test("closing lets a request in flight finish and frees the port", async () => {
  const result = Promise.withResolvers<DispatchResult>();
  const started = Promise.withResolvers<void>();
  const bench = new Bench(() => (started.resolve(), result.promise));
  const listener = open(bench);
  const answer = fetch(`http://127.0.0.1:${listener.port}/`);
  await started.promise;
  const closed = listener.close(10_000);
  result.resolve(reply("late"));
  const response = await answer;
  expect([await response.text(), response.headers.get("connection")]).toEqual(["late", "close"]);
  expect(await closed).toBe(true);
  await open(new Bench(() => reply("x")), listener.port).close(0);
});

test("closing cuts what outlives the grace period, and the app hears it", async () => {
  const heard = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const bench = new Bench((request) => {
    request.onAbort(() => heard.resolve());
    started.resolve();
    return new Promise(() => {});
  });
  const listener = open(bench);
  const answer = fetch(`http://127.0.0.1:${listener.port}/`).then(() => "answered", () => "cut");
  await started.promise;
  expect(await listener.close(1)).toBe(false);
  expect(await answer).toBe("cut");
  await heard.promise;
});

test("a stream that fails on the wire cuts the connection and leaves the server well", async () => {
  const bodies = [reply({ pull: () => Promise.reject(new Error("boom")), cancel() {} }), reply(source(["whole"]))];
  const bench = new Bench(() => bodies.shift() ?? reply(null));
  const listener = open(bench);
  const url = `http://127.0.0.1:${listener.port}/`;
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  expect(await (await fetch(url)).text()).toBe("whole");
  expect([bench.records.map(({ outcome }) => outcome), bench.faults]).toEqual([["exception", "ok"], []]);
  await listener.close(0);
});

test("the address of the peer is known to a synchronous app, and after a slow one's answer", async () => {
  const result = Promise.withResolvers<DispatchResult>();
  const started = Promise.withResolvers<void>();
  const bench = new Bench(() => (started.resolve(), result.promise));
  const listener = open(bench);
  const answer = fetch(`http://127.0.0.1:${listener.port}/`);
  await started.promise;
  bench.pass(500);
  result.resolve(reply("x"));
  await (await answer).text();
  expect(bench.records[0]?.clientAddress).toBe("127.0.0.1");
  await listener.close(0);
});

test("text without a content-type reaches the wire without one", async () => {
  const listener = open(new Bench(() => reply("text", "x-a\n1\n")));
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  expect([response.headers.get("content-type"), response.headers.get("content-length"), await response.text()]).toEqual([null, "4", "text"]);
  await listener.close(0);
});
