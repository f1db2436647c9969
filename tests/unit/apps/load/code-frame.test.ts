import { expect, test } from "bun:test";
import { codeFrame } from "../../../../src/apps/load/code-frame.ts";

test("a frame shows two lines around the place and marks the column", () => {
  expect(codeFrame("a\nb\nlet x = ;\nd\ne\nf", 3, 9)).toBe(["  1 | a", "  2 | b", "> 3 | let x = ;", "    |         ^", "  4 | d", "  5 | e"].join("\n"));
});

test("line numbers of different length line up", () => {
  expect(codeFrame("\n".repeat(9) + "x", 10, 1)).toBe(["   8 |", "   9 |", "> 10 | x", "     | ^"].join("\n"));
});

test("the end of the text and the end of a line can be marked", () => {
  expect(codeFrame("let x =", 1, 8)).toBe("> 1 | let x =\n    |        ^");
  expect(codeFrame("let x =", 1, 99)).toBe("> 1 | let x =\n    |        ^");
});

test("a place in a line of megabytes shows a window around it", () => {
  const frame = codeFrame(`${"a".repeat(3_000_000)}HERE${"b".repeat(1_000_000)}`, 1, 3_000_001).split("\n") as [string, string];
  expect(frame[0].length).toBeLessThan(120);
  expect(frame[0].slice(frame[1].indexOf("^"))).toStartWith("HERE");
});

test("control characters and text direction marks of the source do not reach the terminal, and columns still fit", () => {
  const [shown = "", caret = ""] = codeFrame('x\u001b[31m\u202e\t"y', 1, 9).split("\n");
  expect(shown).toBe('> 1 | x [31m  "y');
  expect(shown[caret.indexOf("^")]).toBe('"');
});

test("windows line ends are no part of a line", () => {
  expect(codeFrame("a\r\nb\r\n", 1, 1)).toBe("> 1 | a\n    | ^\n  2 | b\n  3 |");
});

test("a line that is not there makes no frame", () => {
  expect(codeFrame("a", 5, 1)).toBe("");
});
