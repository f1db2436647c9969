import { expect, test } from "bun:test";
import type { App } from "../../../src/apps/app.ts";
import { drain } from "../../../src/apps/drain.ts";

class FakeApp {
  readonly name: string;
  inFlight: number;
  isDraining = false;
  constructor(name: string, inFlight: number) {
    this.name = name;
    this.inFlight = inFlight;
  }
  startDraining(): void {
    this.isDraining = true;
  }
}

const drained = (apps: readonly FakeApp[], graceMs: number) => drain(apps as unknown as readonly App[], graceMs);

test("every app stops taking requests at once, also those that have none", async () => {
  const apps = [new FakeApp("idle", 0), new FakeApp("busy", 1)];
  const done = drained(apps, 10_000);
  expect(apps.map(({ isDraining }) => isDraining)).toEqual([true, true]);
  (apps[1] as FakeApp).inFlight = 0;
  expect(await done).toEqual([]);
});

test("it is not over before the last request is", async () => {
  const busy = new FakeApp("busy", 2);
  let isOver = false;
  const done = drained([busy], 10_000).then(() => {
    isOver = true;
  });
  await Bun.sleep(60);
  expect(isOver).toBe(false);
  busy.inFlight = 0;
  await done;
});

test("after the grace the apps that were not done are named", async () => {
  expect(await drained([new FakeApp("slow", 1), new FakeApp("idle", 0), new FakeApp("stuck", 3)], 0)).toEqual(["slow", "stuck"]);
});
