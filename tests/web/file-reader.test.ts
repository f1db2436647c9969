import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();
const READ = `
  const read = (method, blob, ...rest) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(reader.result);
    reader[method](blob, ...rest);
  });`;

test("a file is read as text, as a data: URL, as bytes and as a binary string", async () => {
  expect(
    await guest.run(`${READ}
      const file = new File(["grü", new Uint8Array([0, 255])], "f", { type: "x/y" });
      return [await read("readAsText", file), await read("readAsDataURL", file), [...new Uint8Array(await read("readAsArrayBuffer", file))], await read("readAsBinaryString", file), await read("readAsDataURL", new Blob())];`),
  ).toEqual(["grü\0\ufffd", "data:x/y;base64,Z3LDvAD/", [103, 114, 195, 188, 0, 255], "gr\xc3\xbc\0\xff", "data:application/octet-stream;base64,"]);
});

test("a large file is coded as one", async () => {
  expect(
    await guest.run(`${READ}
      const bytes = Uint8Array.from({ length: 500_001 }, (_, at) => at * 7), blob = new Blob([bytes]);
      const url = await read("readAsDataURL", blob), binary = await read("readAsBinaryString", blob);
      return [url === "data:application/octet-stream;base64," + btoa(binary), binary.length, binary.charCodeAt(400_000) === bytes[400_000]];`),
  ).toEqual([true, 500_001, true]);
});

test("text is read in the encoding that is named, unless a byte order mark says otherwise", async () => {
  expect(
    await guest.run(`${READ}
      const latin = new Blob([new Uint8Array([0xe4])], { type: "text/plain;charset=iso-8859-1" }), marked = new Blob([new Uint8Array([0xff, 0xfe, 0xe4, 0])]);
      return [await read("readAsText", latin), await read("readAsText", latin, "nonsense"), await read("readAsText", latin, "utf-8"), await read("readAsText", marked, "iso-8859-1")];`),
  ).toEqual(["ä", "ä", "\ufffd", "ä"]);
});

test("events come in tasks of their own, in order, and the result with the last of them", async () => {
  expect(
    await guest.run(`
      const seen = [], reader = new FileReader();
      for (const type of ["loadstart", "progress", "load", "error", "abort", "loadend"]) reader.addEventListener(type, (event) => seen.push([event.type, event.loaded, event.total, event instanceof ProgressEvent, reader.readyState, reader.result]));
      const ended = new Promise((resolve) => reader.addEventListener("loadend", resolve));
      reader.readAsText(new Blob(["abc"]));
      seen.push(reader.readyState, reader.result);
      await ended;
      return seen;`),
  ).toEqual([1, null, ["loadstart", 0, 3, true, 1, null], ["progress", 3, 3, true, 1, null], ["load", 3, 3, true, 2, "abc"], ["loadend", 3, 3, true, 2, "abc"]]);
});

test("a reader does one thing at a time, and what is aborted says nothing more", async () => {
  expect(
    await guest.run(`
      const seen = [], reader = new FileReader(), name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
      for (const type of ["load", "abort", "loadend"]) reader["on" + type] = () => seen.push(type);
      reader.abort();
      reader.readAsText(new Blob(["first"]));
      const busy = name(() => reader.readAsText(new Blob()));
      reader.abort();
      const second = new Promise((resolve) => { reader.onload = resolve });
      reader.readAsText(new Blob(["second"]));
      await second;
      return [busy, seen, reader.result, name(() => reader.readAsText("text")), name(() => FileReader.prototype.readAsText.call({}, new Blob()))];`),
  ).toEqual(["InvalidStateError", ["abort", "loadend"], "second", "TypeError", "TypeError"]);
});
