import { expect, test } from "bun:test";
import { Page } from "../../../../src/cli/dev/page.ts";

function pageOf(columns: number | null) {
  const written: string[] = [];
  return { written, page: new Page({ write: (text) => void written.push(text), columns: () => columns, dim: (text) => text }) };
}

test("on a terminal the same in a row takes the place of the one before, all of its rows", () => {
  const { page, written } = pageOf(10);
  for (let i = 0; i < 2; i++) page.tell("twelve chars\nb");
  page.tell("c");
  page.tell("twelve chars\nb");
  expect(written).toEqual(["twelve chars\nb\n", "\u001b[3A\u001b[Jtwelve chars ×2\nb\n", "c\n", "twelve chars\nb\n"]);
});

test("colours take no room, and wide characters take two columns", () => {
  const { page, written } = pageOf(10);
  for (let i = 0; i < 2; i++) page.tell("\u001b[31m12345678\u001b[39m");
  for (let i = 0; i < 2; i++) page.tell("日本語日本語");
  expect(written.map((text) => /\[(\d+)A/.exec(text)?.[1])).toEqual([undefined, "1", undefined, "2"]);
});

test("what is the same is for the key to say, and the newest is shown", () => {
  const { page, written } = pageOf(80);
  page.tell("GET / 1 ms", "GET /");
  page.tell("GET / 2 ms", "GET /");
  expect(written[1]).toBe("\u001b[1A\u001b[JGET / 2 ms ×2\n");
});

test("what was shown in between, and what is too tall, is not replaced", () => {
  const { page, written } = pageOf(80);
  const tall = "line\n".repeat(30);
  page.tell("a");
  page.show("panel\n");
  page.tell("a");
  page.tell(tall);
  page.tell(tall);
  expect(written.some((text) => text.includes("\u001b["))).toBe(false);
});

test("without a terminal every message is a line of its own", () => {
  const { page, written } = pageOf(null);
  page.tell("a");
  page.tell("a");
  expect(written).toEqual(["a\n", "a\n"]);
});
