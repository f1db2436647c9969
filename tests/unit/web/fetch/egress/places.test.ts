import { expect, test } from "bun:test";
import { Places } from "../../../../../src/web/fetch/host/egress/places.ts";
import { failure } from "./fixture.ts";

const never = new AbortController().signal;

test("a place that is given back twice is given back once", async () => {
  const places = new Places();
  const place = await places.take(2, never);
  await places.take(2, never);
  place.leave();
  place.leave();
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
  (await second).leave();
  expect(places.isIdle).toBe(false);
});

test("nobody is admitted after giving up", async () => {
  expect(await failure(new Places().take(1, AbortSignal.abort(new Error("gone"))))).toBe("no guest error: gone");
});

test("one that rests is asked to move only when all do and somebody waits, the longest rest first", async () => {
  const places = new Places();
  const [first, second] = [await places.take(2, never), await places.take(2, never)];
  const asked: string[] = [];
  second.rest(() => asked.push("second"));
  first.rest(() => {
    asked.push("first");
    first.leave();
  });
  expect(asked).toEqual([]);
  first.wake();
  const third = places.take(2, never);
  expect(asked).toEqual([]);
  first.rest(() => asked.push("first again"));
  expect(asked).toEqual(["second"]);
  second.leave();
  (await third).leave();
  expect(asked).toEqual(["second"]);
});

test("one that leaves makes room, and the next that waits asks again", async () => {
  const places = new Places();
  const [first, second] = [await places.take(2, never), await places.take(2, never)];
  const asked: string[] = [];
  for (const [name, place] of [["first", first], ["second", second]] as const)
    place.rest(() => {
      asked.push(name);
      place.leave();
    });
  const waiting = [places.take(2, never), places.take(2, never)];
  await waiting[0];
  expect(asked).toEqual(["first"]);
  (await waiting[0])?.rest(() => asked.push("third"));
  expect(asked).toEqual(["first", "second"]);
  await waiting[1];
});
