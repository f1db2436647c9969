/** RSA: keys through the host's parser, work in the thread pool. */
import { constants, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign, verify, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import { type cryptoOps, MAX_RSA_BITS, MIN_RSA_BITS, RSA_EXPONENTS } from "../ops.ts";
import { dataError, operationError, orDataError, orOperationError } from "./failure.ts";
import { hashOf } from "./hashes.ts";
import type { HeavyWork } from "./heavy-work.ts";
import { keep } from "./kept.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Reading a key and checking that its parts belong together. */
const PARSE_FUEL = 150_000;
/** For 1024 bits. Private operations and the search for primes grow with the third power of the length, public operations with the second. */
const GENERATE_FUEL = 4_500_000;
const PRIVATE_FUEL = 40_000;
const PUBLIC_FUEL = 5_000;
const FIELDS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;
const PUBLIC_FIELDS = 2;

const generateAsync = promisify(generateKeyPair);
const signAsync = promisify(sign);
const verifyAsync = promisify(verify);

type Ops = "crypto_rsa_generate" | "crypto_rsa_import" | "crypto_rsa_import_jwk" | "crypto_rsa_jwk" | "crypto_rsa_sign" | "crypto_rsa_verify" | "crypto_rsa_oaep";

export function createRsaHost(work: HeavyWork): Pick<Handlers<typeof cryptoOps, OpContext>, Ops> {
  return {
    async crypto_rsa_generate(ctx, modulusBits, exponent) {
      if (modulusBits < MIN_RSA_BITS || modulusBits > MAX_RSA_BITS || !RSA_EXPONENTS.includes(exponent)) throw operationError("RSA keys like this are not made");
      const fuel = GENERATE_FUEL * kilobits(modulusBits) ** 3;
      const options = { modulusLength: modulusBits, publicExponent: exponent, publicKeyEncoding: { type: "spki", format: "der" }, privateKeyEncoding: { type: "pkcs8", format: "der" } } as const;
      const { publicKey, privateKey } = await work.inPool(ctx, fuel, 0, () => orOperationError("the key cannot be generated", () => generateAsync("rsa", options)));
      return keep(ctx, concat(u32(publicKey.byteLength), publicKey, privateKey));
    },

    crypto_rsa_import(ctx, isPrivate, der) {
      ctx.charge(PARSE_FUEL);
      return describe(orDataError("the RSA key is damaged", () => keyOf(isPrivate, der)));
    },
    crypto_rsa_import_jwk(ctx, text) {
      ctx.charge(PARSE_FUEL);
      const fields = text.split(",");
      const isPrivate = fields.length === FIELDS.length;
      if (!isPrivate && fields.length !== PUBLIC_FIELDS) throw dataError("a part of the RSA key is missing");
      if (!fields.every((field) => /^[\w-]+$/.test(field))) throw dataError("a part of the RSA key is not base64url");
      const key = { kty: "RSA", ...Object.fromEntries(fields.map((field, i) => [FIELDS[i], field])) };
      return describe(orDataError("the parts of the RSA key do not fit together", () => (isPrivate ? createPrivateKey({ key, format: "jwk" }) : createPublicKey({ key, format: "jwk" }))));
    },
    crypto_rsa_jwk(ctx, isPrivate, der) {
      ctx.charge(PARSE_FUEL);
      const jwk = orDataError("the RSA key is damaged", () => keyOf(isPrivate, der)).export({ format: "jwk" });
      return FIELDS.slice(0, isPrivate ? FIELDS.length : PUBLIC_FIELDS)
        .map((field) => jwk[field])
        .join(",");
    },

    async crypto_rsa_sign(ctx, scheme, hashName, der, saltLength, data) {
      const hash = hashOf(hashName);
      const key = open(ctx, true, der);
      const fuel = PRIVATE_FUEL * kilobits(bitsOf(key)) ** 3 + data.byteLength * hash.fuelPerByte;
      const input = { key, ...padding(scheme, saltLength) };
      return work.inPool(ctx, fuel, data.byteLength, () => orOperationError("the data cannot be signed", async () => new Uint8Array(await signAsync(hash.id, data, input))));
    },
    async crypto_rsa_verify(ctx, scheme, hashName, der, saltLength, signature, data) {
      const hash = hashOf(hashName);
      const key = open(ctx, false, der);
      const fuel = PUBLIC_FUEL * kilobits(bitsOf(key)) ** 2 + data.byteLength * hash.fuelPerByte;
      const input = { key, ...padding(scheme, saltLength) };
      // A signature that cannot be checked, for its length or that of its salt, is a wrong one.
      return work.inPool(ctx, fuel, data.byteLength, () => verifyAsync(hash.id, data, input, signature).catch(() => false));
    },
    async crypto_rsa_oaep(ctx, isEncrypting, hashName, der, label, data) {
      const hash = hashOf(hashName);
      const key = open(ctx, !isEncrypting, der);
      const size = kilobits(bitsOf(key));
      const fuel = (isEncrypting ? PUBLIC_FUEL * size ** 2 : PRIVATE_FUEL * size ** 3) + (label?.byteLength ?? 0) * hash.fuelPerByte;
      const usage = isEncrypting ? "encrypt" : "decrypt";
      const params = { name: "RSA-OAEP", ...(label === null ? {} : { label }) };
      const job = () =>
        orOperationError(`the data cannot be ${usage}ed`, async () => {
          const imported = await webcrypto.subtle.importKey(isEncrypting ? "spki" : "pkcs8", der, { name: "RSA-OAEP", hash: hashName }, false, [usage]);
          return new Uint8Array(await webcrypto.subtle[usage](params, imported, data));
        });
      return keep(ctx, work.inPool(ctx, fuel, data.byteLength, job));
    },
  };
}

function keyOf(isPrivate: boolean, der: Bytes): KeyObject {
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  return isPrivate ? createPrivateKey({ key, format: "der", type: "pkcs8" }) : createPublicKey({ key, format: "der", type: "spki" });
}

/** The key of an operation. It has been imported before, so that only an app that forges keys sees an error. */
function open(ctx: OpContext, isPrivate: boolean, der: Bytes): KeyObject {
  ctx.charge(PARSE_FUEL);
  const key = orDataError("the RSA key is damaged", () => keyOf(isPrivate, der));
  if (key.asymmetricKeyType !== "rsa" || bitsOf(key) > MAX_RSA_BITS) throw dataError("not an RSA key");
  return key;
}

const bitsOf = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? 0;
const kilobits = (bits: number): number => bits / 1024;

function padding(scheme: string, saltLength: number): object {
  return scheme === "RSA-PSS" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : { padding: constants.RSA_PKCS1_PADDING };
}

/** An imported key, as the op says. */
function describe(key: KeyObject): Bytes {
  if (key.asymmetricKeyType !== "rsa") throw dataError("not an RSA key");
  const bits = bitsOf(key);
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) throw dataError(`an RSA modulus has ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits here`);
  const exponent = Buffer.from(key.export({ format: "jwk" })["e"] as string, "base64url");
  const der = key.type === "private" ? key.export({ type: "pkcs8", format: "der" }) : key.export({ type: "spki", format: "der" });
  return concat(u32(bits), u32(exponent.byteLength), exponent, der);
}

function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

const concat = (...parts: readonly Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts));
