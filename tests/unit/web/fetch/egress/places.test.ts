import { expect, test } from "bun:test";
import { Places } from "../../../../../src/web/fetch/host/egress/places.ts";
import { failure } from "./fixture.ts";

const never = new AbortController().signal;

test("a place that is given back twice is given back once", async () => {
  const places = new Places();
  const leave = await places.take(2, never);
  await places.take(2, never);
  leave();
  leave();
  await places.take(2, never);
  let isAdmitted = false;
  places.take(2, never).then(() => {
    isAdmitted = true;
  });
  await Promise.resolve();
  expect(isAdmitted).toBe(false);
});

test("whoever waits behind one who gives up is admitted if there is a place for him", async () => {
  const places = new Places();
  await places.take(5, never);
  const givesUp = new AbortController();
  const first = failure(places.take(1, givesUp.signal));
  const second = places.take(5, never);
  givesUp.abort(new Error("gone"));
  expect(await first).toBe("no guest error: gone");
  (await second)();
  expect(places.isIdle).toBe(false);
});

test("nobody is admitted after giving up", async () => {
  expect(await failure(new Places().take(1, AbortSignal.abort(new Error("gone"))))).toBe("no guest error: gone");
});
