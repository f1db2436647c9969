import { app, expect, test } from "nano:test";

test("pages are files", async () => {
  const page = await app.fetch("/");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await page.text()).toContain("<h1>");
  expect((await app.fetch("/index.html")).headers.get("location")).toBe("/");
});

test("the rest is code", async () => {
  const { now } = (await (await app.fetch("/api/time")).json()) as { now: string };
  expect(Date.parse(now)).toBeGreaterThan(0);
  expect((await app.fetch("/api/none")).status).toBe(404);
});
