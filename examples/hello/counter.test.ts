import { app, expect, test } from "nano:test";

test("counts for as long as its isolate lives", async () => {
  const visits = async () => (await (await app.fetch("/")).json()).visits;
  expect([await visits(), await visits()]).toEqual([1, 2]);
  app.restart();
  expect(await visits()).toBe(1);
});

test("is ended when it spins, and answers again", async () => {
  const response = await app.fetch("/spin");
  expect([response.status, response.nano.outcome]).toEqual([503, "exceededCpu"]);
  expect((await app.fetch("/")).status).toBe(200);
});
