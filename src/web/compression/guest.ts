/** CompressionStream and DecompressionStream (https://compression.spec.whatwg.org). The codecs are the host's. */
import { hostOps } from "../infra/guest/host-ops.ts";
import { mathMin, promiseThen, SafePromise, SafeUint8Array, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset } from "../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../infra/guest/webidl.ts";
import { toBufferSource, toEnum } from "../infra/guest/webidl-convert.ts";
import type { ByteStream } from "../streams/guest/door.ts";
import { createTransformPair, type TransformPair } from "../streams/guest/transform-pair.ts";
import { compressionOps, MAX_INPUT_BYTES } from "./ops.ts";

const { codec_open, codec_write, codec_read, codec_close } = hostOps(compressionOps);
const FORMATS = ["brotli", "deflate", "deflate-raw", "gzip"] as const;

type Bytes = Uint8Array<ArrayBuffer>;

function createCodec(format: string, isDecompressing: boolean): TransformPair {
  // Opened when it is needed: a stream that nobody writes to costs the host nothing.
  let rid = 0;
  const open = (): number => (rid === 0 ? (rid = codec_open(format, isDecompressing)) : rid);
  const drain = (enqueue: (chunk: unknown) => void): Promise<void> =>
    new SafePromise((resolve, reject) => {
      const step = (): void => void promiseThen(codec_read(open()), take, reject);
      const take = (chunk: Uint8Array | null): void => {
        if (chunk === null) {
          resolve();
          return;
        }
        try {
          enqueue(chunk);
        } catch (error) {
          reject(error);
          return;
        }
        step();
      };
      step();
    });
  const feed = (bytes: Bytes, from: number, enqueue: (chunk: unknown) => void): Promise<void> => {
    const length = mathMin(MAX_INPUT_BYTES, typedArrayByteLength(bytes) - from);
    codec_write(open(), new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + from, length));
    const done = drain(enqueue);
    return from + length === typedArrayByteLength(bytes) ? done : promiseThen(done, () => feed(bytes, from + length, enqueue));
  };
  return createTransformPair({
    transform: (chunk, enqueue) => feed(toBufferSource(chunk, "chunk"), 0, enqueue),
    flush(enqueue) {
      codec_write(open(), null);
      return drain(enqueue);
    },
    cancel() {
      if (rid !== 0) codec_close(rid);
    },
  });
}

export class CompressionStream {
  #pair: TransformPair;
  constructor(format: unknown) {
    requireArguments(arguments.length, 1, "CompressionStream");
    this.#pair = createCodec(toEnum(format, FORMATS, "CompressionStream"), false);
  }
  get readable(): ByteStream {
    return this.#pair.readable;
  }
  get writable(): object {
    return this.#pair.writable;
  }
}
defineInterface(CompressionStream, "CompressionStream", { length: 1 });

export class DecompressionStream {
  #pair: TransformPair;
  constructor(format: unknown) {
    requireArguments(arguments.length, 1, "DecompressionStream");
    this.#pair = createCodec(toEnum(format, FORMATS, "DecompressionStream"), true);
  }
  get readable(): ByteStream {
    return this.#pair.readable;
  }
  get writable(): object {
    return this.#pair.writable;
  }
}
defineInterface(DecompressionStream, "DecompressionStream", { length: 1 });
