/** Digests, HMAC and AES: the host's own Web Cryptography, which runs in the thread pool. Short inputs of the first two are done at once. */
import { createHash, createHmac, timingSafeEqual, webcrypto } from "node:crypto";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import type { cryptoOps } from "../ops.ts";
import { operationError, orOperationError } from "./failure.ts";
import { CALL_FUEL } from "./fuel.ts";
import { hashOf } from "./hashes.ts";
import type { HeavyWork } from "./heavy-work.ts";

import { keep } from "./kept.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Below this the way to another thread costs more than the work. */
const AT_ONCE_BYTES = 16_384;
const AES_FUEL_PER_BYTE = 0.8;
/** Six passes over the data, block by block. */
const KEY_WRAP_FUEL_PER_BYTE = 20;
/** Keys are wrapped, not data. */
const MAX_KEY_WRAP_BYTES = 65_536;

type Ops = "crypto_digest" | "crypto_hmac" | "crypto_hmac_verify" | "crypto_aes_cbc" | "crypto_aes_ctr" | "crypto_aes_gcm" | "crypto_aes_kw";

export function createSymmetricHost(work: HeavyWork): Pick<Handlers<typeof cryptoOps, OpContext>, Ops> {
  const { subtle } = webcrypto;

  const hmac = async (ctx: OpContext, name: string, key: Bytes, data: Bytes): Promise<Bytes> => {
    const hash = hashOf(name);
    const fuel = (key.byteLength + data.byteLength) * hash.fuelPerByte;
    if (key.byteLength + data.byteLength <= AT_ONCE_BYTES) {
      ctx.charge(CALL_FUEL + fuel);
      return new Uint8Array(createHmac(hash.id, key).update(data).digest());
    }
    return work.inPool(ctx, fuel, key.byteLength + data.byteLength, async () => {
      const imported = await subtle.importKey("raw", key, { name: "HMAC", hash: name }, false, ["sign"]);
      return new Uint8Array(await subtle.sign("HMAC", imported, data));
    });
  };

  /** `aside`: bytes that are read besides the data. */
  const aes = (ctx: OpContext, isEncrypting: boolean, params: Parameters<webcrypto.SubtleCrypto["encrypt"]>[0] & { readonly name: string }, key: Bytes, data: Bytes, aside = 0): Promise<number> => {
    const usage = isEncrypting ? "encrypt" : "decrypt";
    const job = () =>
      orOperationError(`the data cannot be ${usage}ed`, async () => {
        const imported = await subtle.importKey("raw", key, params.name, false, [usage]);
        return new Uint8Array(await subtle[usage](params, imported, data));
      });
    return keep(ctx, work.inPool(ctx, (data.byteLength + aside) * AES_FUEL_PER_BYTE, data.byteLength + aside, job));
  };

  return {
    async crypto_digest(ctx, name, data) {
      const hash = hashOf(name);
      const fuel = data.byteLength * hash.fuelPerByte;
      if (data.byteLength <= AT_ONCE_BYTES) {
        ctx.charge(CALL_FUEL + fuel);
        return new Uint8Array(createHash(hash.id).update(data).digest());
      }
      return work.inPool(ctx, fuel, data.byteLength, async () => new Uint8Array(await subtle.digest(name, data)));
    },
    crypto_hmac: hmac,
    async crypto_hmac_verify(ctx, name, key, signature, data) {
      const expected = await hmac(ctx, name, key, data);
      return signature.byteLength === expected.byteLength && timingSafeEqual(signature, expected);
    },
    crypto_aes_cbc: (ctx, isEncrypting, key, iv, data) => aes(ctx, isEncrypting, { name: "AES-CBC", iv }, key, data),
    crypto_aes_ctr: (ctx, key, counter, length, data) => aes(ctx, true, { name: "AES-CTR", counter, length }, key, data),
    crypto_aes_gcm: (ctx, isEncrypting, key, iv, additionalData, tagLength, data) =>
      aes(ctx, isEncrypting, { name: "AES-GCM", iv, tagLength, ...(additionalData === null ? {} : { additionalData }) }, key, data, iv.byteLength + (additionalData?.byteLength ?? 0)),
    async crypto_aes_kw(ctx, isWrapping, key, data) {
      if (data.byteLength > MAX_KEY_WRAP_BYTES) throw operationError(`AES-KW takes at most ${MAX_KEY_WRAP_BYTES} bytes`);
      // What is wrapped is of no concern here: for the host it is the key of an HMAC.
      const asHmac = { name: "HMAC", hash: "SHA-256" };
      const job = () =>
        orOperationError("the key cannot be wrapped or unwrapped", async () => {
          const wrappingKey = await subtle.importKey("raw", key, "AES-KW", false, ["wrapKey", "unwrapKey"]);
          if (isWrapping) return new Uint8Array(await subtle.wrapKey("raw", await subtle.importKey("raw", data, asHmac, true, ["sign"]), wrappingKey, "AES-KW"));
          return new Uint8Array(await subtle.exportKey("raw", await subtle.unwrapKey("raw", data, wrappingKey, "AES-KW", asHmac, true, ["sign"])));
        });
      return keep(ctx, work.inPool(ctx, data.byteLength * KEY_WRAP_FUEL_PER_BYTE, data.byteLength, job));
    },
  };
}
