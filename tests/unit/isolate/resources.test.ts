import { expect, test } from "bun:test";
import { GuestError } from "../../../src/isolate/guest-error.ts";
import { Resources } from "../../../src/isolate/resources.ts";

function tables() {
  let last = 0;
  const rids = { nextRid: () => ++last };
  return [new Resources(rids), new Resources(rids)] as const;
}

function guestErrorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof GuestError) return error.guestName;
    throw error;
  }
  return "no error";
}

test("a rid names its object to its own invocation, as what it is, and to nobody else", () => {
  const [mine, theirs] = tables();
  const rid = mine.add("source", "mine");
  expect(mine.get<string>(rid, "source")).toBe("mine");
  expect(guestErrorOf(() => theirs.get(rid, "source"))).toBe("TypeError");
  expect(guestErrorOf(() => mine.get(rid, "sink"))).toBe("TypeError");
  expect(guestErrorOf(() => mine.get(rid + 1, "source"))).toBe("TypeError");
});

test("a rid never names two things in the life of an isolate", () => {
  const [mine, theirs] = tables();
  const first = mine.add("a", 1);
  mine.close(first);
  const rids = [theirs.add("a", 2), mine.add("a", 3), theirs.add("a", 4)];
  expect(new Set([first, ...rids]).size).toBe(4);
});

test("closing closes the object, once, and forgets it", () => {
  const [mine] = tables();
  let closed = 0;
  const rid = mine.add("a", null, () => closed++);
  mine.close(rid);
  mine.close(rid);
  mine.closeAll();
  expect(closed).toBe(1);
  expect(mine.has(rid)).toBe(false);
  expect(guestErrorOf(() => mine.get(rid, "a"))).toBe("TypeError");
});

test("an object that was handed on stays open", () => {
  const [mine] = tables();
  let closed = 0;
  mine.release(mine.add("a", null, () => closed++));
  mine.closeAll();
  expect(closed).toBe(0);
});

test("the end of an invocation closes all it left open, and what is opened too late is closed at once", () => {
  const [mine] = tables();
  const closed: string[] = [];
  mine.add("a", null, () => closed.push("first"));
  mine.add("b", null, () => closed.push("second"));
  mine.closeAll();
  expect(closed).toEqual(["first", "second"]);
  expect(guestErrorOf(() => mine.add("a", null, () => closed.push("late")))).toBe("TypeError");
  expect(closed).toEqual(["first", "second", "late"]);
  expect(mine.size).toBe(0);
});

test("an object may close others of its invocation while it is closed", () => {
  const [mine] = tables();
  const closed: string[] = [];
  let second = 0;
  mine.add("a", null, () => {
    closed.push("first");
    mine.close(second);
  });
  second = mine.add("a", null, () => closed.push("second"));
  mine.closeAll();
  expect(closed).toEqual(["first", "second"]);
});

test("objects are counted by kind", () => {
  const [mine] = tables();
  expect(mine.count("a")).toBe(0);
  mine.add("a", 1);
  mine.add("b", 2);
  mine.add("a", 3);
  expect([mine.count("a"), mine.count("b"), mine.count("c"), mine.size]).toEqual([2, 1, 0, 3]);
});
