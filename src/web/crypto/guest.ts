/** Crypto (https://w3c.github.io/webcrypto/#crypto-interface). */
import { DOMException } from "../infra/guest/dom-exception.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { arrayBufferIsView, SafeTypeError, SafeUint8Array, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArrayName, typedArraySet } from "../infra/guest/primordials.ts";
import { constructionKey, defineInterface, exposeAttribute, requireArguments, requireConstructionKey } from "../infra/guest/webidl.ts";
import { lazyRoom } from "../infra/guest/rooms.ts";
import type { DigestStream } from "./guest/digest-stream.ts";
import type { SubtleCrypto } from "./guest/subtle-crypto.ts";
import { cryptoOps, MAX_RANDOM_BYTES } from "./ops.ts";

const { crypto_random, crypto_random_uuid } = hostOps(cryptoOps);
const room = lazyRoom<typeof import("./guest/lazy.ts")>("crypto");

export class Crypto {
  #brand = true;
  constructor(key?: symbol) {
    requireConstructionKey(key);
  }
  get subtle(): SubtleCrypto {
    this.#brand;
    return room.use().subtle;
  }
  get DigestStream(): typeof DigestStream {
    this.#brand;
    return room.use().DigestStream;
  }
  getRandomValues(array: unknown): unknown {
    this.#brand;
    requireArguments(arguments.length, 1, "Crypto.getRandomValues");
    if (!arrayBufferIsView(array)) throw new SafeTypeError("Crypto.getRandomValues: not an ArrayBufferView");
    const name = typedArrayName(array);
    if (name === undefined || name === "Float16Array" || name === "Float32Array" || name === "Float64Array")
      throw new DOMException("Crypto.getRandomValues: not an integer array", "TypeMismatchError");
    const length = typedArrayByteLength(array);
    if (length > MAX_RANDOM_BYTES) throw new DOMException("Crypto.getRandomValues: more than 65536 bytes at once", "QuotaExceededError");
    if (length > 0) typedArraySet(new SafeUint8Array(typedArrayBuffer(array), typedArrayByteOffset(array), length), crypto_random(length));
    return array;
  }
  randomUUID(): string {
    this.#brand;
    return crypto_random_uuid();
  }
}
defineInterface(Crypto, "Crypto");

const crypto = new Crypto(constructionKey);
exposeAttribute("crypto", () => crypto);
