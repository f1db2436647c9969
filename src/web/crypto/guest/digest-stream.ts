/** `crypto.DigestStream` as Workers have it (https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors): a writable stream that hashes what is written. */
import { WritableStream } from "web-streams-polyfill";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseIgnore, promiseWithResolvers, typedArrayBuffer, typedArrayByteLength } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toBufferSource } from "../../infra/guest/webidl-convert.ts";
import { utf8Encode } from "../../encoding/guest/utf8.ts";
import { cryptoOps, MAX_CHUNK_BYTES } from "../ops.ts";
import { toHash } from "./algorithm.ts";
import { chunkOf } from "./bytes.ts";

const { crypto_hash_open, crypto_hash_update, crypto_hash_finish, crypto_hash_close } = hostOps(cryptoOps);

export class DigestStream extends WritableStream<unknown> {
  #digest: Promise<ArrayBuffer>;
  #bytesWritten = 0;
  constructor(algorithm: unknown) {
    requireArguments(arguments.length, 1, "DigestStream");
    const name = toHash(algorithm, "algorithm");
    const { promise, resolve, reject } = promiseWithResolvers<ArrayBuffer>();
    // Opened when it is needed: a stream that nobody writes to costs the host nothing.
    let rid = 0;
    const open = (): number => (rid === 0 ? (rid = crypto_hash_open(name)) : rid);
    super({
      __proto__: null,
      write: (chunk: unknown) => {
        try {
          const bytes = typeof chunk === "string" ? utf8Encode(chunk) : toBufferSource(chunk, "chunk");
          const length = typedArrayByteLength(bytes);
          for (let at = 0; at < length; at += MAX_CHUNK_BYTES) crypto_hash_update(open(), chunkOf(bytes, at, MAX_CHUNK_BYTES));
          this.#bytesWritten += length;
        } catch (error) {
          reject(error);
          throw error;
        }
      },
      close: () => resolve(typedArrayBuffer(crypto_hash_finish(open()))),
      abort: (reason: unknown) => {
        if (rid !== 0) crypto_hash_close(rid);
        reject(reason);
      },
    } as never);
    this.#digest = promise;
    // Who aborts a stream, or never asks for the digest, need not handle its rejection.
    promiseIgnore(promise);
  }
  get digest(): Promise<ArrayBuffer> {
    return this.#digest;
  }
  get bytesWritten(): number {
    return this.#bytesWritten;
  }
}
defineInterface(DigestStream, "DigestStream", { length: 1, exposed: false });
