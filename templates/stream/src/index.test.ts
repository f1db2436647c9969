import { app, describe, expect, test } from "nano:test";

describe("ticks", () => {
  test("come one after the other", async () => {
    const response = await app.fetch("/ticks?count=3&ms=1");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect((await response.text()).match(/"n":\d+/g)).toEqual(['"n":1', '"n":2', '"n":3']);
  });
});

test("what is sent comes back louder", async () => {
  const response = await app.fetch("/shout", { method: "POST", body: "grüezi" });
  expect(await response.text()).toBe("GRÜEZI");
});

test("the page is HTML", async () => {
  expect((await app.fetch("/")).headers.get("content-type")).toBe("text/html; charset=utf-8");
});
