/** FileReader (https://w3c.github.io/FileAPI/#APIASynch). A blob is in memory, so a read is over at once; its events come in tasks of their own all the same. */
import { encodingOps } from "../../encoding/ops.ts";
import { defineEventHandler, EventTarget, fireEvent } from "../../events/guest/event-target.ts";
import { mimeParameter, parseMimeType } from "../../fetch/guest/mime-type.ts";
import { byteString } from "../../form-data/guest/byte-string.ts";
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { mathMin, SafeTypeError, SafeUint8Array, stringToLowerCase, typedArrayBuffer, typedArrayLength } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toDOMString } from "../../infra/guest/webidl-convert.ts";
import { startTimer } from "../../timers/guest.ts";
import { type Blob, blobBytes, blobSize, blobType, isBlob } from "../guest.ts";
import { ProgressEvent } from "./progress-event.ts";

const { text_encoding, text_decode, base64_encode } = hostOps(encodingOps);

const EMPTY = 0;
const LOADING = 1;
const DONE = 2;
const MAX_LABEL = 64;
/** What the host codes in one go, so that it is not held up. A multiple of three, for base64. */
const PIECE_BYTES = 196_608;

type Result = string | ArrayBuffer;

export class FileReader extends EventTarget {
  #state = EMPTY;
  #result: Result | null = null;
  #error: unknown = null;
  /** The read that is under way: what belongs to another one does nothing. */
  #read: object | null = null;

  get readyState(): number {
    return this.#state;
  }
  get result(): Result | null {
    return this.#result;
  }
  get error(): unknown {
    return this.#error;
  }

  readAsArrayBuffer(blob: unknown): void {
    this.#state;
    requireArguments(arguments.length, 1, "FileReader.readAsArrayBuffer");
    this.#start(blob, (source) => typedArrayBuffer(blobBytes(source)));
  }
  readAsBinaryString(blob: unknown): void {
    this.#state;
    requireArguments(arguments.length, 1, "FileReader.readAsBinaryString");
    this.#start(blob, (source) => inPieces(blobBytes(source), byteString));
  }
  readAsText(blob: unknown, encoding?: unknown): void {
    this.#state;
    requireArguments(arguments.length, 1, "FileReader.readAsText");
    const label = encoding === undefined ? null : toDOMString(encoding, "FileReader.readAsText");
    this.#start(blob, (source) => textOf(source, label));
  }
  readAsDataURL(blob: unknown): void {
    this.#state;
    requireArguments(arguments.length, 1, "FileReader.readAsDataURL");
    this.#start(blob, (source) => "data:" + (blobType(source) || "application/octet-stream") + ";base64," + inPieces(blobBytes(source), (piece) => base64_encode(byteString(piece))));
  }
  abort(): void {
    const isLoading = this.#state === LOADING;
    this.#result = null;
    if (!isLoading) return;
    this.#state = DONE;
    this.#read = null;
    this.#fire("abort", 0, 0);
    if ((this.#state as number) !== LOADING) this.#fire("loadend", 0, 0);
  }

  /** https://w3c.github.io/FileAPI/#readOperation */
  #start(blob: unknown, shape: (blob: Blob) => Result): void {
    if (!isBlob(blob)) throw new SafeTypeError("FileReader: not a Blob");
    if (this.#state === LOADING) throw new DOMException("FileReader: a read is under way", "InvalidStateError");
    const size = blobSize(blob);
    const read = {};
    this.#task(read, () => {
      this.#fire("loadstart", 0, size);
      this.#task(read, () => {
        if (size > 0) this.#fire("progress", size, size);
        this.#task(read, () => this.#finish(blob, shape, size));
      });
    });
    this.#state = LOADING;
    this.#result = null;
    this.#error = null;
    this.#read = read;
  }

  #finish(blob: Blob, shape: (blob: Blob) => Result, size: number): void {
    this.#state = DONE;
    this.#read = null;
    try {
      this.#result = shape(blob);
    } catch (error) {
      this.#error = error;
    }
    this.#fire(this.#error === null ? "load" : "error", size, size);
    // A browser runs what waits for promises between the two events.
    startTimer(() => {
      if (this.#state !== LOADING) this.#fire("loadend", size, size);
    }, 0);
  }

  /** Runs `step` in a task of its own, unless `read` is no longer the one under way. */
  #task(read: object, step: () => void): void {
    startTimer(() => {
      if (this.#read === read) step();
    }, 0);
  }

  #fire(type: string, loaded: number, total: number): void {
    fireEvent(this, new ProgressEvent(type, { __proto__: null, lengthComputable: true, loaded, total }));
  }
}
const HANDLERS = ["loadstart", "progress", "load", "abort", "error", "loadend"];
for (let i = 0; i < HANDLERS.length; i++) defineEventHandler(FileReader.prototype, HANDLERS[i] as string);
defineInterface(FileReader, "FileReader", { lengths: { readAsText: 1 }, constants: { EMPTY, LOADING, DONE }, inspected: ["readyState", "result", "error"] });

/** https://w3c.github.io/FileAPI/#packaging-data, for text. A byte order mark wins over what anybody says. */
function textOf(blob: Blob, label: string | null): string {
  const bytes = blobBytes(blob);
  const type = parseMimeType(blobType(blob));
  const encoding = encodingOf(label) ?? (type === null ? null : encodingOf(mimeParameter(type, "charset"))) ?? "utf-8";
  const first = bytes[0];
  const second = bytes[1];
  if (first === 0xef && second === 0xbb && bytes[2] === 0xbf) return text_decode("utf-8", bytes, 0);
  if (first === 0xfe && second === 0xff) return text_decode("utf-16be", bytes, 0);
  if (first === 0xff && second === 0xfe) return text_decode("utf-16le", bytes, 0);
  return text_decode(encoding, bytes, 0);
}

function inPieces(bytes: Uint8Array<ArrayBuffer>, code: (piece: Uint8Array<ArrayBuffer>) => string): string {
  const size = typedArrayLength(bytes);
  let text = "";
  for (let at = 0; at < size; at += PIECE_BYTES) text = text + code(new SafeUint8Array(typedArrayBuffer(bytes), at, mathMin(PIECE_BYTES, size - at)));
  return text;
}

function encodingOf(label: string | null): string | null {
  const encoding = label === null || label.length > MAX_LABEL ? null : text_encoding(label);
  return encoding === null || encoding === "replacement" ? null : stringToLowerCase(encoding);
}
