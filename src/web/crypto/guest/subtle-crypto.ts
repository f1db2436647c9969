/** SubtleCrypto (https://w3c.github.io/webcrypto/#subtlecrypto-interface): digests. */
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseReject, promiseThen, stringToUpperCase, typedArrayBuffer } from "../../infra/guest/primordials.ts";
import { defineInterface, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { isObject, toBufferSource, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { cryptoOps } from "../ops.ts";

const { crypto_digest } = hostOps(cryptoOps);
const DIGESTS: Readonly<Record<string, true>> = { __proto__: null as never, "SHA-1": true, "SHA-256": true, "SHA-384": true, "SHA-512": true };

export class SubtleCrypto {
  #brand = true;
  constructor(key?: symbol) {
    requireConstructionKey(key);
  }
  digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    try {
      this.#brand;
      requireArguments(arguments.length, 2, "SubtleCrypto.digest");
      const name = digestName(algorithm);
      const bytes = toBufferSource(data, "SubtleCrypto.digest: data");
      return promiseThen(crypto_digest(name, bytes), typedArrayBuffer);
    } catch (error) {
      return promiseReject(error);
    }
  }
}
defineInterface(SubtleCrypto, "SubtleCrypto");

/** https://w3c.github.io/webcrypto/#algorithm-normalization, for digests. */
function digestName(algorithm: unknown): string {
  const where = "SubtleCrypto.digest: algorithm";
  const given = isObject(algorithm) ? (algorithm as { name?: unknown }).name : algorithm;
  const name = stringToUpperCase(toDOMString(given, where));
  if (DIGESTS[name] !== true) throw new DOMException(where + " is not supported", "NotSupportedError");
  return name;
}
