import { describe, expect, test } from "bun:test";
import { PositionIndex } from "../../../../src/apps/load/position-index.ts";

/** The same by a walk from the start. */
function walked(text: string, line: number, column: number): number | null {
  const lines = text.split("\n");
  const rest = lines.slice(line - 1).join("\n");
  if (line < 1 || line > lines.length) return null;
  return [...rest].slice(0, column - 1).join("").length + 1;
}

describe("places in a text", () => {
  const emoji = "😀";
  test.each([
    ["short", "const a = 1;\nconst b = 2;\n"],
    ["empty", ""],
    ["many short lines", "\n".repeat(20_000)],
    ["one long line", "x".repeat(20_000)],
    ["pairs", `a${emoji}b\n${emoji.repeat(6_000)}\n`],
    ["pairs across the blocks", `x${emoji.repeat(8_000)}\ny${emoji}`],
    ["halves of pairs", `${"\ud83d".repeat(5_000)}\n${"\ude00".repeat(5_000)}x`],
    ["lines that end with a block", `${"a".repeat(511)}\n${"b".repeat(511)}\n${emoji}c`],
  ])("%s: a line and column lead where a walk leads", (_name, text) => {
    const index = new PositionIndex(text);
    for (const _ of index.make());
    const lines = text.split("\n").length;
    for (const line of [0, 1, 2, 3, lines >> 1, lines - 1, lines, lines + 1, 999_999_999])
      for (const column of [1, 2, 3, 511, 512, 513, 4096, 4097, 6_000, 12_345, 999_999_999]) expect([line, column, index.unitColumn(line, column)]).toEqual([line, column, walked(text, line, column)]);
  });
});
