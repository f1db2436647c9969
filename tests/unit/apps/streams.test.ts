import { expect, test } from "bun:test";
import { TestRuntime, until } from "../../harness/runtime.ts";

const APP = `export default { fetch(request) {
  request.signal.addEventListener("abort", () => console.log("aborted"));
  let n = 0;
  return new Response(new ReadableStream({ pull(controller) {
    if (n++ > 0 && request.url.endsWith("/spin")) for (;;);
    controller.enqueue(new Uint8Array(10));
    return new Promise((resolve) => setTimeout(resolve, 1));
  } }));
} };`;

test("a stream that is cut because its app used up its CPU is told as that", async () => {
  using nano = await TestRuntime.start([{ name: "app", source: APP, limits: { cpu_ms: 20 } }]);
  const response = await nano.get("app", "/spin");
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  expect(await drained.then(() => "whole", () => "cut")).toBe("cut");
  expect([nano.told.requests.map(({ outcome }) => outcome), nano.told.kills.map(({ reason }) => reason)]).toEqual([["exceededCpu"], ["exceededCpu"]]);
});

test("an app hears of a client that leaves its stream at once", async () => {
  using nano = await TestRuntime.start([{ name: "app", source: APP }]);
  for (let left = 1; left <= 5; left++) {
    const response = await nano.get("app", "/");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await until(() => nano.told.consoles.length === left, "the abort");
  }
  expect(nano.told.consoles.map(({ text }) => text)).toEqual(Array(5).fill("aborted"));
  await until(() => nano.app("app").inFlight === 0, "the end");
});
