import { app, clock, describe, expect, test } from "nano:test";

describe("ticks", () => {
  test("come one each second", async () => {
    clock.stop("2026-01-01T00:00:00Z");
    const response = await app.fetch("/ticks?count=3");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const text = response.text();
    await clock.advance(2_000);
    expect([...(await text).matchAll(/"at":"([^"]+)"/g)].map(([, at]) => at)).toEqual(["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z"]);
    clock.start();
  });
});

test("what is sent comes back louder", async () => {
  const response = await app.fetch("/shout", { method: "POST", body: "grüezi" });
  expect(await response.text()).toBe("GRÜEZI");
});

test("the page is HTML", async () => {
  expect((await app.fetch("/")).headers.get("content-type")).toBe("text/html; charset=utf-8");
});
