import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("a blob holds text, bytes and other blobs, in order", async () => {
  expect(
    await guest.run(`
      const blob = new Blob(["grü", new Uint8Array([0xc3, 0x9f]), new Blob(["e"]), new Uint16Array([0x2121]).buffer, 1, null], { type: "Text/Plain" });
      return [await blob.text(), blob.size, blob.type, [...(await blob.bytes()).slice(-3)], (await blob.arrayBuffer()).byteLength, String(blob)];`),
  ).toEqual(["grüße!!1null", 14, "text/plain", [0x75, 0x6c, 0x6c], 14, "[object Blob]"]);
});

test("a blob is what its parts were when it was made", async () => {
  expect(await guest.run(`const bytes = new Uint8Array([97]), blob = new Blob([bytes]); bytes[0] = 98; const read = await blob.bytes(); read[0] = 99; return [await blob.text()]`)).toEqual(["a"]);
});

test("parts are converted before the options are read, and each option is read once", async () => {
  expect(
    await guest.run(`
      const seen = [], options = (names) => Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get() { seen.push(name) } }])));
      const blob = new Blob([{ toString() { seen.push("part"); return "text" } }], options(["type", "endings"]));
      new File([], "f", options(["lastModified", "type", "endings"]));
      return [seen, await blob.text()];`),
  ).toEqual([["part", "endings", "type", "endings", "type", "lastModified"], "text"]);
});

test("parts that change while they are converted are taken as they are then", async () => {
  expect(await guest.run(`const parts = [{ toString() { parts.pop(); return "first" } }, { toString() { return "gone" } }]; return [await new Blob(parts).text()]`)).toEqual(["first"]);
});

test("slices count from either end and share nothing that can change", async () => {
  expect(await guest.run(`const blob = new Blob(["abc", "def"], { type: "a/b" }), parts = [blob.slice(1, 4), blob.slice(-2), blob.slice(4, 2), blob.slice(0, 100, "C/D"), blob.slice(2).slice(1, -1)]; return [await Promise.all(parts.map((part) => part.text())), parts.map((part) => part.type)]`)).toEqual([
    ["bcd", "ef", "", "abcdef", "de"],
    ["", "", "", "c/d", ""],
  ]);
});

test("a large blob is streamed in pieces", async () => {
  expect(await guest.run(`const lengths = []; for await (const piece of new Blob([new Uint8Array(100_000), "x"]).stream()) lengths.push(piece.length); return lengths`)).toEqual([65_536, 34_464, 1]);
});

test("a file is a blob with a name and a time, and both survive a clone", async () => {
  expect(
    await guest.run(`
      const file = new File(["abc"], "a/b.txt", { type: "t/x", lastModified: 7 }), copy = structuredClone(file), blob = structuredClone(new Blob(["d"], { type: "e/f" }));
      const name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
      return [file.name, file.lastModified, file instanceof Blob, [copy.name, copy.lastModified, copy.type, await copy.text(), copy instanceof File], [blob.type, await blob.text(), blob instanceof File], name(() => new File([])), name(() => new Blob("text")), name(() => new Blob([], { endings: "x" }))];`),
  ).toEqual(["a/b.txt", 7, true, ["a/b.txt", 7, "t/x", "abc", true], ["e/f", "d", false], "TypeError", "TypeError", "TypeError"]);
});
