import { expect, test } from "bun:test";
import { captureIntrinsics } from "../../../build/capture-streams.ts";

const release = await Bun.file(new URL("../../../node_modules/web-streams-polyfill/dist/ponyfill.mjs", import.meta.url)).text();

test("no call of the streams library goes through a prototype that an app can patch", () => {
  const text = captureIntrinsics(release);
  expect(text.match(/\.(apply|hasOwnProperty|transfer|map|all)\(|\ba\.call\(|_elements\.push\(|Object\.create\(|Promise\.(resolve|reject)\(|`/g)).toBeNull();
  expect(new Bun.Transpiler({ loader: "js" }).scan(text).exports.sort()).toEqual(new Bun.Transpiler({ loader: "js" }).scan(release).exports.sort());
});

test("a release in which a place is missing, or there more often, fails the build", () => {
  expect(() => captureIntrinsics(release.replace("a.call(e,t,r)", "a.call(e,t)"))).toThrow('has "return a.call(e,t,r)" 0 times, not 1');
  expect(() => captureIntrinsics(`${release};Math.min(1,2)`)).toThrow('has "Math.min(" 3 times, not 2');
});
