/** Blob and File (https://w3c.github.io/FileAPI/). A blob is a list of byte ranges; slicing shares them, nothing is copied before somebody reads. */
import { utf8Decode, utf8Encode } from "../encoding/guest/utf8.ts";
import {
  arrayPush,
  dateNow,
  mathMax,
  mathMin,
  promiseReject,
  promiseResolve,
  regExpTest,
  SafeTypeError,
  SafeUint8Array,
  stringReplaceAll,
  stringToLowerCase,
  typedArrayBuffer,
  typedArrayByteOffset,
  typedArrayLength,
  typedArraySet,
} from "../infra/guest/primordials.ts";
import { defineInterface, listFromIterable, requireArguments } from "../infra/guest/webidl.ts";
import { isObject, toDictionary, toDOMString, toEnum, toInteger, toUSVString, viewBytes } from "../infra/guest/webidl-convert.ts";
import { type ByteStream, createByteStream } from "../streams/guest/door.ts";
import { registerCloneable } from "../structured-clone/guest/registry.ts";

interface BlobData {
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  readonly size: number;
  readonly type: string;
}

let dataOf!: (blob: object) => BlobData;
let hasData!: (value: object) => boolean;
let made: BlobData | null = null;
const CHUNK_BYTES = 65_536;
const NOT_TYPE = /[^ -~]/;
const ENDINGS = ["transparent", "native"] as const;

const toType = (type: unknown): string => {
  const text = toDOMString(type, "Blob type");
  return regExpTest(NOT_TYPE, text) ? "" : stringToLowerCase(text);
};

export class Blob {
  #data: BlobData;

  constructor(blobParts?: unknown, options?: unknown) {
    if (made !== null) {
      this.#data = made;
      made = null;
      return;
    }
    const items = blobParts === undefined ? [] : isObject(blobParts) ? listFromIterable(blobParts, "Blob", toPart) : undefined;
    if (items === undefined) throw new SafeTypeError("Blob: the parts are not iterable");
    const dictionary = toDictionary(options, "Blob options");
    const endings = dictionary?.["endings"];
    const isNative = endings !== undefined && toEnum(endings, ENDINGS, "Blob endings") === "native";
    const type = dictionary?.["type"];
    const typeText = type === undefined ? "" : toType(type);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for (let i = 0; i < items.length; i++) size += addPart(parts, items[i], isNative);
    this.#data = { parts, size, type: typeText };
  }

  get size(): number {
    return this.#data.size;
  }
  get type(): string {
    return this.#data.type;
  }
  slice(start?: unknown, end?: unknown, contentType?: unknown): Blob {
    const { size } = this.#data;
    const from = start === undefined ? 0 : relative(toInteger(start, 64, true, "clamp", "Blob.slice"), size);
    const to = end === undefined ? size : relative(toInteger(end, 64, true, "clamp", "Blob.slice"), size);
    return createBlob(cut(this.#data.parts, from, mathMax(from, to)), contentType === undefined ? "" : toType(contentType));
  }
  stream(): ByteStream {
    const { parts } = this.#data;
    let index = 0;
    let offset = 0;
    return createByteStream(
      () => {
        while (index < parts.length && typedArrayLength(parts[index] as Uint8Array) === offset) {
          index++;
          offset = 0;
        }
        const part = parts[index];
        if (part === undefined) return null;
        const length = mathMin(CHUNK_BYTES, typedArrayLength(part) - offset);
        const chunk = new SafeUint8Array(length);
        typedArraySet(chunk, range(part, offset, length));
        offset += length;
        return chunk;
      },
      () => {},
    );
  }
  text(): Promise<string> {
    return settled(() => utf8Decode(joined(this.#data)));
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return settled(() => joined(this.#data).buffer);
  }
  bytes(): Promise<Uint8Array> {
    return settled(() => joined(this.#data));
  }

  static {
    dataOf = (blob) => (blob as Blob).#data;
    hasData = (value) => #data in value;
  }
}
defineInterface(Blob, "Blob", { lengths: { slice: 0 }, promises: ["arrayBuffer", "bytes", "text"], inspected: ["size", "type"] });

const settled = <T>(work: () => T): Promise<T> => {
  try {
    return promiseResolve(work());
  } catch (error) {
    return promiseReject(error) as Promise<T>;
  }
};

const toPart = (item: unknown, where: string): unknown => (isBlob(item) || viewBytes(item) !== undefined ? item : toUSVString(item, where));

/** A view of the same bytes. */
const range = (part: Uint8Array<ArrayBuffer>, start: number, length: number): Uint8Array<ArrayBuffer> => new SafeUint8Array(typedArrayBuffer(part), typedArrayByteOffset(part) + start, length);

/** `item` is a Blob, a BufferSource or a string. */
function addPart(parts: Uint8Array<ArrayBuffer>[], item: unknown, isNative: boolean): number {
  if (isBlob(item)) {
    const data = dataOf(item);
    for (let i = 0; i < data.parts.length; i++) arrayPush(parts, data.parts[i] as Uint8Array<ArrayBuffer>);
    return data.size;
  }
  let bytes: Uint8Array<ArrayBuffer>;
  if (typeof item === "string") bytes = utf8Encode(isNative ? stringReplaceAll(stringReplaceAll(item, "\r\n", "\n"), "\r", "\n") : item);
  else {
    const view = viewBytes(item) as Uint8Array<ArrayBuffer>;
    bytes = new SafeUint8Array(typedArrayLength(view));
    typedArraySet(bytes, view);
  }
  const length = typedArrayLength(bytes);
  if (length > 0) arrayPush(parts, bytes);
  return length;
}

const relative = (at: number, size: number): number => (at < 0 ? mathMax(size + at, 0) : mathMin(at, size));

function cut(parts: readonly Uint8Array<ArrayBuffer>[], from: number, to: number): Uint8Array<ArrayBuffer>[] {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Uint8Array<ArrayBuffer>;
    const start = mathMax(from - at, 0);
    const length = typedArrayLength(part);
    const end = mathMin(to - at, length);
    if (start < end) arrayPush(kept, range(part, start, end - start));
    at += length;
  }
  return kept;
}

function joined({ parts, size }: BlobData): Uint8Array<ArrayBuffer> {
  const bytes = new SafeUint8Array(size);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Uint8Array;
    typedArraySet(bytes, part, at);
    at += typedArrayLength(part);
  }
  return bytes;
}

function createBlob(parts: readonly Uint8Array<ArrayBuffer>[], type: string): Blob {
  let size = 0;
  for (let i = 0; i < parts.length; i++) size += typedArrayLength(parts[i] as Uint8Array);
  made = { parts, size, type };
  return new Blob();
}

export const isBlob = (value: unknown): value is Blob => typeof value === "object" && value !== null && hasData(value);
/** A blob over `bytes`, which nobody may change any more. */
export const blobOf = (bytes: Uint8Array<ArrayBuffer>, type: string): Blob => createBlob(typedArrayLength(bytes) === 0 ? [] : [bytes], type);
export const blobBytes = (blob: Blob): Uint8Array<ArrayBuffer> => joined(dataOf(blob));
export const blobType = (blob: Blob): string => dataOf(blob).type;
export const blobSize = (blob: Blob): number => dataOf(blob).size;

let nameOf!: (file: object) => string;
let lastModifiedOf!: (file: object) => number;
let isFileObject!: (value: object) => boolean;

export class File extends Blob {
  #name: string;
  #lastModified: number;

  constructor(fileBits: unknown, fileName: unknown, options?: unknown) {
    requireArguments(arguments.length, 2, "File");
    super(fileBits === undefined ? missingBits() : fileBits, options);
    this.#name = toUSVString(fileName, "File name");
    const lastModified = toDictionary(options, "File options")?.["lastModified"];
    this.#lastModified = lastModified === undefined ? dateNow() : toInteger(lastModified, 64, true, "wrap", "File lastModified");
  }

  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }

  static {
    nameOf = (file) => (file as File).#name;
    lastModifiedOf = (file) => (file as File).#lastModified;
    isFileObject = (value) => #name in value;
  }
}
defineInterface(File, "File", { length: 2, inspected: ["name", "lastModified"] });

function missingBits(): never {
  throw new SafeTypeError("File: the parts are not iterable");
}

export const isFile = (value: unknown): value is File => typeof value === "object" && value !== null && isFileObject(value);
export const fileName = (file: File): string => nameOf(file);
registerCloneable(Blob, (blob: Blob) => createBlob(dataOf(blob).parts, blobType(blob)));
registerCloneable(File, (file: File) => new File([file], nameOf(file), { __proto__: null, type: blobType(file), lastModified: lastModifiedOf(file) }));

/** A file with the bytes of `blob`, and its time when that is a file. */
export const fileOf = (blob: Blob, name: string): File => new File([blob], name, { __proto__: null, type: blobType(blob), lastModified: isFile(blob) ? lastModifiedOf(blob) : undefined });
