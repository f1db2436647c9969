import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GuestError } from "../../../../../src/isolate/guest-error.ts";
import { type ResponseHead, ResponseParser } from "../../../../../src/web/fetch/host/egress/response-parser.ts";
import { latin1 } from "./fixture.ts";

interface Reading {
  readonly head: ResponseHead | null;
  readonly body: string;
  readonly isDone: boolean;
  readonly error: string | null;
}

/** What a response reads as, arriving in `pieces`; with `isClosed`, its sender closes after them. */
function read(pieces: readonly Uint8Array[], { method = "GET", isClosed = true } = {}): Reading {
  let head: ResponseHead | null = null;
  let body = "";
  const parser = new ResponseParser(method, {
    onHead: (it) => {
      expect(head).toBeNull();
      head = it;
    },
    onData: (chunk) => {
      expect(head).not.toBeNull();
      body += Buffer.from(chunk).toString("latin1");
    },
  });
  try {
    for (const piece of pieces) parser.push(piece);
    if (isClosed && !parser.isDone) parser.end();
    return { head, body, isDone: parser.isDone, error: null };
  } catch (error) {
    expect(error).toBeInstanceOf(GuestError);
    expect((error as GuestError).guestName).toBe("TypeError");
    return { head, body, isDone: parser.isDone, error: (error as Error).message };
  }
}
const readText = (text: string, options?: Parameters<typeof read>[1]): Reading => read([latin1(text)], options);
const head = (fields: string, status = "200 OK"): string => `HTTP/1.1 ${status}\r\n${fields}\r\n`;

const RESPONSES = {
  counted: `${head("Content-Length: 11\r\nServer:  x \t\r\nEmpty:\r\n")}hello world`,
  chunked: `${head("Transfer-Encoding: Chunked\r\n")}5\r\nhello\r\n006;a=b;c="d"\r\n world\r\n0\r\nTrailer: 1\r\nX: 2\r\n\r\n`,
  interim: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head("Content-Length: 11\r\n")}hello world`,
} as const;

describe("a response", () => {
  test.each(Object.entries(RESPONSES))("that is %s reads the same in pieces of any size", (_name, text) => {
    const whole = readText(text);
    expect([whole.body, whole.isDone, whole.error]).toEqual(["hello world", true, null]);
    const bytes = latin1(text);
    for (let at = 0; at <= bytes.length; at++) expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test.each(Object.entries(RESPONSES))("that is %s and cut anywhere is never taken for whole", (_name, text) => {
    for (let at = 0; at < text.length; at++) {
      const { isDone, error, body } = readText(text.slice(0, at));
      expect([at, isDone, typeof error]).toEqual([at, false, "string"]);
      expect("hello world").toStartWith(body);
    }
  });

  test("gives fields as they came, without the blanks around values", () => {
    expect(readText(RESPONSES.counted).head).toEqual({ status: 200, statusText: "OK", fields: [["Content-Length", "11"], ["Server", "x"], ["Empty", ""]] });
  });

  test("without a length lasts until its sender closes", () => {
    const text = `${head("")}hello`;
    expect(readText(text)).toMatchObject({ body: "hello", isDone: true });
    expect(readText(text, { isClosed: false })).toMatchObject({ body: "hello", isDone: false });
    expect(readText("HTTP/1.0 200\r\n\r\nhello").body).toBe("hello");
  });

  test.each([
    ["HEAD", "200 OK"],
    ["GET", "204 No Content"],
    ["GET", "304 Not Modified"],
  ])("to %s with %s has no body, whatever it says", (method, status) => {
    for (const fields of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""]) expect(readText(`${head(fields, status)}hello`, { method })).toMatchObject({ body: "", isDone: true, error: null });
  });

  test("that is followed by another one ends where it says", () => {
    expect(readText(`${RESPONSES.counted}${RESPONSES.counted}`)).toMatchObject({ body: "hello world", isDone: true });
    expect(readText(`${RESPONSES.chunked}garbage`)).toMatchObject({ body: "hello world", isDone: true });
  });

  test.each([
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
    ["HTTP/0.9", "<html>\r\n"],
    ["a blank line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["status 600", head("", "600 What")],
    ["status 099", head("", "099 What")],
    ["NUL in the status text", head("", "200 O\0K")],
    ["bare LF", "HTTP/1.1 200 OK\nA: b\n\n"],
    ["one bare LF", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"],
    ["bare CR", head("A: b\rC: d\r\n")],
    ["two CRs", "HTTP/1.1 200 OK\r\r\n\r\n"],
    ["NUL in a value", head("A: b\0c\r\n")],
    ["NUL in a name", head("A\0: b\r\n")],
    ["a folded field", head("A: b\r\n c\r\n")],
    ["a blank before the colon", head("A : b\r\n")],
    ["a field without colon", head("A\r\n")],
    ["a field without name", head(": b\r\n")],
    ["a switch of protocols", head("Upgrade: x\r\n", "101 Switching Protocols")],
    ["a length and a coding", `${head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n`],
    ["an unknown coding", head("Transfer-Encoding: gzip\r\n")],
    ["two codings", head("Transfer-Encoding: gzip, chunked\r\n")],
    ["chunked twice", `${head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n`],
    ["chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths that differ", `${head("Content-Length: 5\r\nContent-Length: 6\r\n")}hello!`],
    ["a negative length", head("Content-Length: -1\r\n")],
    ["a signed length", `${head("Content-Length: +5\r\n")}hello`],
    ["a hex length", `${head("Content-Length: 0x5\r\n")}hello`],
    ["an empty length", head("Content-Length:\r\n")],
    ["a length beyond all numbers", head("Content-Length: 99999999999999999999\r\n")],
    ["a chunk size that is none", `${head("Transfer-Encoding: chunked\r\n")}x\r\nhello\r\n0\r\n\r\n`],
    ["a negative chunk size", `${head("Transfer-Encoding: chunked\r\n")}-5\r\nhello\r\n0\r\n\r\n`],
    ["a chunk size with 0x", `${head("Transfer-Encoding: chunked\r\n")}0x5\r\nhello\r\n0\r\n\r\n`],
    ["an empty chunk size", `${head("Transfer-Encoding: chunked\r\n")}\r\nhello\r\n0\r\n\r\n`],
    ["a chunk size beyond all numbers", `${head("Transfer-Encoding: chunked\r\n")}ffffffffffffff\r\nhello`],
    ["a chunk longer than it says", `${head("Transfer-Encoding: chunked\r\n")}4\r\nhello\r\n0\r\n\r\n`],
    ["a chunk line with bare LF", `${head("Transfer-Encoding: chunked\r\n")}5\nhello\r\n0\r\n\r\n`],
    ["a chunk extension of 1 KB", `${head("Transfer-Encoding: chunked\r\n")}5;${"x".repeat(1024)}\r\nhello\r\n0\r\n\r\n`],
    ["trailers of 16 KB", `${head("Transfer-Encoding: chunked\r\n")}0\r\n${"A: b\r\n".repeat(3000)}\r\n`],
    ["257 fields", head("A: b\r\n".repeat(257))],
    ["a head of 64 KB", head(`A: ${"b".repeat(65_536)}\r\n`)],
    ["a head of 64 KB that never ends", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(65_536)}`],
    ["11 interim responses", `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(11)}${RESPONSES.counted}`],
  ])("with %s is refused", (_what, text) => {
    expect(readText(text, { isClosed: false })).toMatchObject({ isDone: false, error: expect.stringMatching(/^fetch failed: the /) });
  });

  test("may have 256 fields, 10 interim responses and a length that is said twice", () => {
    expect(readText(`${"HTTP/1.1 100 Continue\r\n\r\n".repeat(10)}${head(`${"A: b\r\n".repeat(254)}Content-Length: 5, 5\r\nContent-Length: 5\r\n`)}hello`)).toMatchObject({ body: "hello", isDone: true });
  });

  test("that is garbage fails as a TypeError or waits, whatever it is and however it arrives", () => {
    const sound = Object.values(RESPONSES);
    fc.assert(
      fc.property(fc.constantFrom(...sound), fc.array(fc.tuple(fc.nat(300), fc.uint8Array({ maxLength: 6 }), fc.nat(6)), { maxLength: 4 }), fc.array(fc.nat(300), { maxLength: 4 }), (text, edits, cuts) => {
        let bytes: Uint8Array = latin1(text);
        for (const [at, inserted, removed] of edits) bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
        const whole = read([bytes]);
        const bounds = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        expect(read(bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end)))).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  test("may have a value full of blanks, which takes no more than its length to read", () => {
    const value = `b${" ".repeat(60_000)}c`;
    expect(readText(head(`A: ${value} \t \r\nContent-Length: 0\r\n`)).head?.fields[0]).toEqual(["A", value]);
  });
});
