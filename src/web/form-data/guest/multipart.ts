/**
 * multipart/form-data both ways (https://html.spec.whatwg.org/#multipart-form-data, RFC 7578). The host looks for boundaries, piece by piece; only the heads of parts become
 * strings.
 */
import { type Blob, blobBytes, blobOf, blobType, type File, fileName, fileOf, isBlob } from "../../blob/guest.ts";
import { utf8Decode, utf8Encode } from "../../encoding/guest/utf8.ts";
import {
  arrayPush,
  regExpExec,
  SafeTypeError,
  SafeUint8Array,
  stringCharCodeAt,
  stringIndexOf,
  stringReplaceAll,
  stringSlice,
  stringSplit,
  stringStartsWith,
  stringToLowerCase,
  stringTrim,
  typedArrayBuffer,
  typedArrayByteOffset,
  typedArrayLength,
  typedArraySet,
} from "../../infra/guest/primordials.ts";
import { byteString, findBytes } from "./byte-string.ts";

type Entry = string | File;

const MAX_PARTS = 10_000;
const MAX_HEAD_BYTES = 16_384;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DASH = 45;
const NAME = /;[ \t]*name="([^"]*)"/i;
const FILE_NAME = /;[ \t]*filename="([^"]*)"/i;
const bad = (what: string) => new SafeTypeError("the body is no multipart/form-data: " + what);

/** name, value, name, value, … `boundary` is a byte string. Throws TypeError for what is malformed. */
export function parseMultipart(bytes: Uint8Array<ArrayBuffer>, boundary: string): Entry[] {
  const delimiter = "--" + boundary;
  const isAt = (at: number, first: number, second: number): boolean => bytes[at] === first && bytes[at + 1] === second;
  const entries: Entry[] = [];
  let at = findBytes(bytes, delimiter, 0);
  if (at < 0 || (at > 0 && !isAt(at - 2, CR, LF))) throw bad("it does not start with the boundary");
  for (let parts = 0; ; parts++) {
    at += delimiter.length;
    if (isAt(at, DASH, DASH)) return entries;
    while (bytes[at] === SPACE || bytes[at] === TAB) at++;
    if (!isAt(at, CR, LF)) throw bad("a boundary is not followed by a line break");
    if (parts >= MAX_PARTS) throw bad("it has more than " + MAX_PARTS + " parts");
    at += 2;
    const headEnd = isAt(at, CR, LF) ? at - 2 : findBytes(bytes, "\r\n\r\n", at);
    if (headEnd === -1) throw bad("a part has no end of its head");
    if (headEnd - at > MAX_HEAD_BYTES) throw bad("the head of a part is larger than " + MAX_HEAD_BYTES + " bytes");
    const end = findBytes(bytes, "\r\n" + delimiter, headEnd + 2);
    if (end < 0) throw bad("the last boundary is missing");
    if (end < headEnd + 4) throw bad("a part has no body");
    addPart(entries, headEnd < at ? "" : byteString(range(bytes, at, headEnd)), range(bytes, headEnd + 4, end));
    at = end + 2;
  }
}

const range = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array<ArrayBuffer> => new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + start, end - start);

function addPart(entries: Entry[], head: string, body: Uint8Array<ArrayBuffer>): void {
  let disposition = "";
  let type: string | null = null;
  const lines = stringSplit(head, "\r\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = stringIndexOf(line, ":");
    if (colon < 0) throw bad("a header line has no colon");
    const key = stringToLowerCase(stringSlice(line, 0, colon));
    const value = stringTrim(stringSlice(line, colon + 1));
    if (key === "content-disposition") disposition = value;
    else if (key === "content-type") type = value;
  }
  const name = regExpExec(NAME, disposition);
  if (!stringStartsWith(stringToLowerCase(disposition), "form-data") || name === null) throw bad("a part has no name");
  const file = regExpExec(FILE_NAME, disposition);
  const value = file === null ? utf8Decode(body) : fileOf(blobOf(copyOf(body), type ?? "text/plain"), unescapeName(file[1] as string));
  arrayPush(entries, unescapeName(name[1] as string), value);
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new SafeUint8Array(typedArrayLength(bytes));
  typedArraySet(copy, bytes);
  return copy;
}

/** Names come as bytes of UTF-8, with line breaks and quotes percent-encoded. */
function unescapeName(name: string): string {
  const bytes = new SafeUint8Array(name.length);
  for (let i = 0; i < name.length; i++) bytes[i] = stringCharCodeAt(name, i);
  return stringReplaceAll(stringReplaceAll(stringReplaceAll(utf8Decode(bytes), "%0A", "\n"), "%0D", "\r"), "%22", '"');
}

const escapeName = (name: string) => stringReplaceAll(stringReplaceAll(stringReplaceAll(name, "\n", "%0A"), "\r", "%0D"), '"', "%22");
const normalizeBreaks = (text: string) => stringReplaceAll(stringReplaceAll(stringReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n", "\r\n");

/** https://html.spec.whatwg.org/#multipart/form-data-encoding-algorithm */
export function serializeMultipart(entries: readonly Entry[], boundary: string): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const add = (chunk: Uint8Array<ArrayBuffer>) => {
    arrayPush(chunks, chunk);
    size += typedArrayLength(chunk);
  };
  for (let i = 0; i < entries.length; i += 2) {
    const head = "--" + boundary + '\r\nContent-Disposition: form-data; name="' + escapeName(normalizeBreaks(entries[i] as string)) + '"';
    const value = entries[i + 1] as Entry;
    if (isBlob(value)) {
      add(utf8Encode(head + '; filename="' + escapeName(fileName(value)) + '"\r\nContent-Type: ' + (blobType(value as Blob) || "application/octet-stream") + "\r\n\r\n"));
      add(blobBytes(value as Blob));
      add(utf8Encode("\r\n"));
    } else add(utf8Encode(head + "\r\n\r\n" + normalizeBreaks(value) + "\r\n"));
  }
  add(utf8Encode("--" + boundary + "--\r\n"));
  const whole = new SafeUint8Array(size);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as Uint8Array;
    typedArraySet(whole, chunk, at);
    at += typedArrayLength(chunk);
  }
  return whole;
}
