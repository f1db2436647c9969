import { expect, test } from "bun:test";
import { combine, type Observer, silent } from "../../../src/observe/observer.ts";

const HOOKS: readonly (keyof Observer)[] = ["request", "kill", "failure", "console", "appLoaded", "appFailed", "egressDenied", "fault", "event"];

function listening(name: string, heard: string[]): Observer {
  return Object.fromEntries(HOOKS.map((hook) => [hook, (...args: unknown[]) => void heard.push(`${name} ${hook} ${args.join(" ")}`)])) as unknown as Observer;
}

test.each(HOOKS.map((hook) => [hook]))("all observers hear of %s, in order, with everything that was said", (hook) => {
  const heard: string[] = [];
  const both = combine([listening("first", heard), listening("second", heard)]);
  (both[hook] as (...args: unknown[]) => void)("a", "b", "c", "d");
  expect(heard).toEqual([`first ${hook} a b c d`, `second ${hook} a b c d`]);
});

test("the silent observer can be told anything", () => {
  for (const hook of HOOKS) expect((silent[hook] as (...args: unknown[]) => unknown)("a", "b", "c", "d")).toBeUndefined();
});
