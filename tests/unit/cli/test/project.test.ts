/** Which app a test file asks when it says no more than `app`. */
import { expect, test } from "bun:test";
import { appBeside } from "../../../../src/cli/test/project.ts";
import { configOfData } from "../../../../src/config/parse.ts";

const beside = (file: string, ...paths: readonly string[]) => appBeside(file, configOfData({ apps: paths.map((path, i) => ({ name: `app-${i}`, path, hostnames: [`app-${i}.example`] })) }, "/p").apps)?.path.slice("/p/".length) ?? null;

test.each([
  ["/p/tests/a.test.ts", ["src"], "src"],
  ["/p/one/tests/a.test.ts", ["one", "two"], "one"],
  ["/p/one/inner/a.test.ts", ["one", "one/inner"], "one/inner"],
  ["/p/a.test.ts", ["one", "two"], null],
  ["/p/onetwo/a.test.ts", ["one", "two"], null],
  ["/p/shop.test.ts", ["shop.js", "cart.ts"], "shop.js"],
  ["/p/cart.spec.tsx", ["shop.js", "cart.ts"], "cart.ts"],
  ["/p/other.test.ts", ["shop.js", "cart.ts"], null],
  ["/p/sub/x.test.ts", ["sub/index.ts", "two.js"], "sub/index.ts"],
] as const)("%s of %p", (file, paths, name) => {
  expect(beside(file, ...paths)).toBe(name);
});
