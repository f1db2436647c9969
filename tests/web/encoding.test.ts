import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("text survives being encoded and decoded, lone surrogates become U+FFFD", async () => {
  expect(await guest.run(`return [[...new TextEncoder().encode("aé€😀\\ud800")], new TextDecoder().decode(new TextEncoder().encode("aé€😀\\ud800")), new TextEncoder().encode().length, new TextDecoder().decode()];`)).toEqual([
    [97, 195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189],
    "aé€😀�",
    0,
    "",
  ]);
});

test("a stream cut anywhere decodes to the same text", async () => {
  expect(
    await guest.run(`
      const faults = [];
      const texts = { "utf-8": new TextEncoder().encode("\\ufeffa😀é€\\ufeff"), "utf-16le": new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0, 0xde, 0x3d, 0xd8]), "utf-16be": new Uint8Array([0xfe, 0xff, 0, 0x61, 0xd8, 0x3d, 0xde, 0, 0xd8]), shift_jis: new Uint8Array([0x82, 0xa0, 0x41, 0x82, 0xa2]), "utf-8 ": new Uint8Array([0xe0, 0x80, 0xf0, 0x9f, 0x98, 0x41, 0xed, 0xa0, 0x80, 0xf5, 0xc1, 0xbf, 0xe2, 0x82]) };
      for (const [label, bytes] of Object.entries(texts)) {
        const whole = new TextDecoder(label).decode(bytes);
        for (let a = 0; a <= bytes.length; a++) for (let b = a; b <= bytes.length; b++) {
          const decoder = new TextDecoder(label);
          const text = decoder.decode(bytes.subarray(0, a), { stream: true }) + decoder.decode(bytes.subarray(a, b), { stream: true }) + decoder.decode(bytes.subarray(b));
          if (text !== whole) faults.push([label, a, b, text]);
        }
      }
      return faults;`),
  ).toEqual([]);
});

test("a decoder can be used again after a stream or a failure", async () => {
  expect(
    await guest.run(`
      const seen = [], fatal = new TextDecoder("utf-8", { fatal: true }), legacy = new TextDecoder("gbk", { fatal: true });
      for (const decoder of [fatal, legacy]) {
        try { decoder.decode(new Uint8Array([0xe4]), { stream: true }); decoder.decode(); seen.push("none") } catch (e) { seen.push(e.name) }
        seen.push(decoder.decode(new Uint8Array([0x41])));
      }
      return seen;`),
  ).toEqual(["TypeError", "A", "TypeError", "A"]);
});

test("labels are known by all their names, others are a RangeError", async () => {
  expect(
    await guest.run(`
      const errors = []; for (const bad of ["utf-7", "replacement", "iso-2022-kr", "", "x".repeat(1000)]) try { new TextDecoder(bad); errors.push("none") } catch (e) { errors.push(e.name) }
      const d = new TextDecoder("latin1", { fatal: 1, ignoreBOM: "y" });
      return [["UTF8", " sjis ", "ascii", "gb2312", "ucs-2", "x-user-defined"].map((l) => new TextDecoder(l).encoding), d.encoding, d.fatal, d.ignoreBOM, errors];`),
  ).toEqual([["utf-8", "shift_jis", "windows-1252", "gbk", "utf-16le", "x-user-defined"], "windows-1252", true, true, ["RangeError", "RangeError", "RangeError", "RangeError", "RangeError"]]);
});

test("encodeInto fills what fits and never half a character", async () => {
  expect(
    await guest.run(`
      const encoder = new TextEncoder();
      const into = (text, room) => { const to = new Uint8Array(room); const { read, written } = encoder.encodeInto(text, to); return [read, written, ...to] };
      let error; try { encoder.encodeInto("a", new Uint16Array(1)) } catch (e) { error = e.name }
      return [into("a€b", 3), into("a€b", 4), into("😀x", 3), into("😀x", 5), into("abc", 0), error];`),
  ).toEqual([[1, 1, 97, 0, 0], [2, 4, 97, 226, 130, 172], [0, 0, 0, 0, 0], [3, 5, 240, 159, 152, 128, 120], [0, 0], "TypeError"]);
});

test("atob and btoa are inverse, forgiving as the standard says, and refuse the rest by name", async () => {
  expect(
    await guest.run(`
      const outcome = (f) => { try { return f() } catch (e) { return e.name + " " + e.code } };
      const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
      return [atob(btoa(all)) === all, atob(" Y W I= "), atob(""), btoa(null), outcome(() => atob("a")), outcome(() => atob("ab=c")), outcome(() => btoa("€")), outcome(() => atob())];`),
  ).toEqual([true, "ab", "", "bnVsbA==", "InvalidCharacterError 5", "InvalidCharacterError 5", "InvalidCharacterError 5", "TypeError undefined"]);
});
