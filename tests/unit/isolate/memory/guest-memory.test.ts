import { describe, expect, test } from "bun:test";
import { GuestMemory, type MemoryHolder } from "../../../../src/isolate/memory/guest-memory.ts";
import { Account } from "../../../../src/isolate/scheduler.ts";

class FakeIsolate implements MemoryHolder {
  readonly account: Account;
  readonly #memory: GuestMemory;
  countedBytes: number;
  isOver = false;
  /** Its pages are with the system again. */
  released: () => void = () => {};

  constructor(memory: GuestMemory, account: Account, bytes: number) {
    this.account = account;
    this.countedBytes = bytes;
    this.#memory = memory;
    memory.add(this);
  }
  grow(bytes: number): boolean {
    const isGranted = this.#memory.grow(this, bytes);
    if (isGranted) this.countedBytes += bytes;
    return isGranted;
  }
  rest(): boolean {
    return false;
  }
  endForMemory(): void {
    this.isOver = true;
    this.released = this.#memory.remove(this);
  }
}

describe("the memory of all isolates", () => {
  test("is granted up to the budget, and free again with the isolate", () => {
    const memory = new GuestMemory(100);
    const account = new Account("a");
    const one = new FakeIsolate(memory, account, 60);
    expect([one.grow(40), memory.usedBytes, memory.admits(account, 1)]).toEqual([true, 100, false]);
    memory.remove(one)();
    expect([memory.usedBytes, memory.admits(account, 100)]).toEqual([0, true]);
    expect(memory.remove(one)).toBeFunction();
    expect(memory.usedBytes).toBe(0);
  });

  test("admits no more isolates than there are places, once none is idle", () => {
    const memory = new GuestMemory(Number.POSITIVE_INFINITY, 2);
    const account = new Account("a");
    const [idle] = [new FakeIsolate(memory, account, 1), new FakeIsolate(memory, account, 1)];
    expect(memory.admits(account, 1)).toBe(false);
    memory.onPressure = (isEnough) => {
      if (!isEnough()) memory.remove(idle as FakeIsolate)();
    };
    expect(memory.admits(account, 1)).toBe(true);
    new FakeIsolate(memory, account, 1);
    expect(memory.admits(account, 1)).toBe(false);
  });

  test("comes from idle isolates first", () => {
    const memory = new GuestMemory(100);
    const idle = new FakeIsolate(memory, new Account("idle"), 50);
    const busy = new FakeIsolate(memory, new Account("busy"), 50);
    memory.onPressure = (isEnough) => {
      if (!isEnough()) idle.endForMemory();
    };
    expect([busy.grow(50), idle.isOver, busy.isOver, memory.usedBytes]).toEqual([true, true, false, 100]);
  });

  test("then from the largest isolate of the app that has most, whoever asks for more", () => {
    const memory = new GuestMemory(100);
    const [hog, small] = [new Account("hog"), new Account("small")];
    const hogs = [10, 30, 20].map((bytes) => new FakeIsolate(memory, hog, bytes));
    const asking = new FakeIsolate(memory, small, 35);
    expect(asking.grow(10)).toBe(true);
    expect([...hogs, asking].map(({ isOver }) => isOver)).toEqual([false, true, false, false]);
  });

  test("is refused to the one that has most itself", () => {
    const memory = new GuestMemory(100);
    const asking = new FakeIsolate(memory, new Account("hog"), 60);
    const other = new FakeIsolate(memory, new Account("small"), 40);
    expect([asking.grow(1), other.isOver, memory.usedBytes]).toEqual([false, false, 100]);
  });

  test("is taken for something new from an app that has far more, and from no other", () => {
    const memory = new GuestMemory(100);
    const [hog, other] = [new Account("hog"), new Account("other")];
    const isolates = [new FakeIsolate(memory, hog, 60), new FakeIsolate(memory, other, 40)];
    expect([memory.admits(other, 1), memory.admits(hog, 1), isolates.some(({ isOver }) => isOver)]).toEqual([false, false, false]);
    expect(memory.admits(new Account("new"), 15)).toBe(true);
    expect(isolates.map(({ isOver }) => isOver)).toEqual([true, false]);
  });

  test("admits nothing new while much of it is still on its way back", () => {
    const memory = new GuestMemory(100);
    const gone = new FakeIsolate(memory, new Account("a"), 30);
    gone.endForMemory();
    expect(memory.admits(new Account("b"), 90)).toBe(true);
    new FakeIsolate(memory, new Account("b"), 90);
    expect(memory.admits(new Account("b"), 1)).toBe(false);
    gone.released();
    expect(memory.admits(new Account("b"), 1)).toBe(true);
  });
});
