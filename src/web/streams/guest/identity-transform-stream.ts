/** IdentityTransformStream and FixedLengthStream as Workers have them (https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/): bytes go through as they are, each write settles once it has been read. */
import { type ReadableByteStreamController, ReadableStream, TransformStream, WritableStream, type WritableStreamDefaultController } from "web-streams-polyfill";
import { promiseWithResolvers, SafeNumber, SafeTypeError, SafeUint8Array, typedArrayByteLength, typedArraySet } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toBufferSource, toDictionary, toDouble, toUnsignedLongLongEnforced } from "../../infra/guest/webidl-convert.ts";
import { errorOn, errorWritable, give } from "../guest.ts";

/** What the library's TransformStream keeps in fields of these names. */
interface Pair {
  _readable: unknown;
  _writable: unknown;
}

interface Settling {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}
const settling = (): Settling => promiseWithResolvers<void>() as Settling;

/** `expected`: how many bytes go through, no more and no less; null for any number. */
function createPair(strategy: unknown, expected: number | null): Pair {
  let bytesWritten = 0;
  let readable!: ReadableByteStreamController;
  let writable!: WritableStreamDefaultController;
  /** The bytes that wait for a reader, with the write that they came by. */
  let waiting: { readonly bytes: Uint8Array<ArrayBuffer>; readonly taken: Settling } | null = null;
  /** The reader that waits for bytes. */
  let pulling: Settling | null = null;
  const awake = (): void => {
    pulling?.resolve();
    pulling = null;
  };
  const fail = (reason: unknown): void => {
    errorOn(readable, reason);
    awake();
  };
  const refuse = (message: string): never => {
    const error = new SafeTypeError("FixedLengthStream: " + message);
    fail(error);
    throw error;
  };
  const source = {
    __proto__: null,
    type: "bytes",
    start(controller: ReadableByteStreamController) {
      readable = controller;
    },
    pull() {
      if (waiting === null) {
        pulling = settling();
        return pulling.promise;
      }
      const { bytes, taken } = waiting;
      waiting = null;
      give(readable, bytes);
      taken.resolve();
      return undefined;
    },
    cancel(reason: unknown) {
      errorWritable(writable, reason);
      waiting?.taken.resolve();
      waiting = null;
    },
  };
  const sink = {
    __proto__: null,
    start(controller: WritableStreamDefaultController) {
      writable = controller;
    },
    write(chunk: unknown) {
      let view: Uint8Array;
      try {
        view = toBufferSource(chunk, "IdentityTransformStream: chunk");
      } catch (error) {
        fail(error);
        throw error;
      }
      const length = typedArrayByteLength(view);
      bytesWritten += length;
      if (expected !== null && bytesWritten > expected) refuse("more than " + expected + " bytes were written");
      if (length === 0) return undefined;
      const bytes = new SafeUint8Array(length);
      typedArraySet(bytes, view);
      if (pulling !== null) {
        give(readable, bytes);
        awake();
        return undefined;
      }
      waiting = { bytes, taken: settling() };
      return waiting.taken.promise;
    },
    close() {
      if (expected !== null && bytesWritten < expected) refuse("closed after " + bytesWritten + " of " + expected + " bytes");
      give(readable, null);
      awake();
    },
    abort: (reason: unknown) => {
      waiting = null;
      fail(reason);
    },
  };
  return {
    _readable: new ReadableStream(source as never, { __proto__: null, highWaterMark: 0 } as never),
    _writable: new WritableStream(sink as never, strategy as never),
  };
}

/** The queue counts bytes where the app says how many, and else writes. */
function toStrategy(value: unknown, where: string): object | undefined {
  const highWaterMark = toDictionary(value, where)?.["highWaterMark"];
  if (highWaterMark === undefined) return undefined;
  return { __proto__: null, highWaterMark: toDouble(highWaterMark, where), size: (chunk: unknown) => typedArrayByteLength(toBufferSource(chunk, where)) };
}

function adopt(stream: object, { _readable, _writable }: Pair): void {
  (stream as Pair)._readable = _readable;
  (stream as Pair)._writable = _writable;
}

export class IdentityTransformStream extends TransformStream<unknown, unknown> {
  constructor(strategy?: unknown) {
    super();
    adopt(this, createPair(toStrategy(strategy, "IdentityTransformStream"), null));
  }
}
defineInterface(IdentityTransformStream, "IdentityTransformStream");

export class FixedLengthStream extends IdentityTransformStream {
  constructor(expectedLength: unknown, strategy?: unknown) {
    super();
    requireArguments(arguments.length, 1, "FixedLengthStream");
    const expected = toUnsignedLongLongEnforced(typeof expectedLength === "bigint" ? SafeNumber(expectedLength) : expectedLength, "FixedLengthStream: expectedLength");
    adopt(this, createPair(toStrategy(strategy, "FixedLengthStream"), expected));
  }
}
defineInterface(FixedLengthStream, "FixedLengthStream", { length: 1 });
