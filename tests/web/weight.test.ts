import { expect, test } from "bun:test";
import { snapshotBytes } from "../../src/isolate/memory/snapshot.ts";
import { artifacts, TestIsolate } from "../harness/isolate.ts";

const HELLO = 'export default { fetch() { return new Response("Hello") } }';
/** What a request to HELLO burns. Fuel is exact: a change of more than a tenth is a change of the code on the way of every request. */
const HELLO_FUEL = 1_170;

test("an answered request costs the fuel that it did", async () => {
  using app = await TestIsolate.load(HELLO);
  await app.request();
  const { fuel } = await app.request({ headers: [["host", "app.test"], ["user-agent", "test"]] });
  console.log(`fuel per hello: ${fuel}`);
  expect(Math.abs(fuel - HELLO_FUEL)).toBeLessThan(HELLO_FUEL / 10);
});

test("equal isolates burn the same for equal requests", async () => {
  using first = await TestIsolate.load(HELLO);
  using second = await TestIsolate.load(HELLO);
  for (let i = 0; i < 3; i++) expect((await first.request()).fuel).toBe((await second.request()).fuel);
});

test("the platform and a small app keep little memory each", async () => {
  using app = new TestIsolate();
  await app.evaluate(HELLO);
  const kilobytes = { base: snapshotBytes(artifacts.base.snapshot) >> 10, app: snapshotBytes(app.snapshot()) >> 10 };
  console.log("snapshots in KB:", kilobytes);
  // The goal is 1,200; a tenth more than there is now is a change to look at.
  expect(kilobytes.base).toBeLessThan(1_030);
  expect(kilobytes.app).toBeLessThan(8);
});
