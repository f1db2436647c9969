/** ECDSA, EdDSA and key agreement: the host's primitives in the thread pool, Curve448 in turns of the event loop. */
import { diffieHellman, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import { GuestError } from "../../../isolate/guest-error.ts";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import type { cryptoOps } from "../ops.ts";
import { generateCurveKey, loadCurve448, openPrivateKey, openPublicKey, type PrivateForm, readPrivateKey, readPrivateKey448, readPublicKey } from "./curve-keys.ts";
import { type Curve, curveOf, pkcs8Of, privateParts, spkiOf } from "./curves.ts";
import { dataError, operationError, orOperationError } from "./failure.ts";
import { CALL_FUEL } from "./fuel.ts";
import { hashOf } from "./hashes.ts";
import type { HeavyWork } from "./heavy-work.ts";
import { keep } from "./kept.ts";
import { isSmallOrder } from "./small-order.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** SHAKE256 in JavaScript takes 35 ns a byte, twice. */
const MAX_ED448_MESSAGE_BYTES = 65_536;
const ED448_FUEL_PER_BYTE = 36;
const EDDSA_FUEL_PER_BYTE = 2;
const IEEE_P1363 = { dsaEncoding: "ieee-p1363" } as const;
const NO_CONTEXT = new Uint8Array(0);

const signAsync = promisify(sign);
const verifyAsync = promisify(verify);
const diffieHellmanAsync = promisify(diffieHellman as (options: { privateKey: KeyObject; publicKey: KeyObject }, done: (error: Error | null, secret: Buffer) => void) => void);

type Ops = "crypto_curve_generate" | "crypto_curve_import" | "crypto_curve_import_later" | "crypto_curve_der" | "crypto_curve_sign" | "crypto_curve_verify" | "crypto_curve_derive";

export function createCurveHost(work: HeavyWork): Pick<Handlers<typeof cryptoOps, OpContext>, Ops> {
  /** The thread pool does what the host can do, and keys are read on this thread. */
  const run = <T>(ctx: OpContext, curve: Curve, fuel: number, bytes: number, job: () => Promise<T>): Promise<T> => {
    if (curve.kind === "448") {
      ctx.charge(fuel);
      return work.onThread(ctx, bytes, job);
    }
    ctx.charge(curve.makeFuel);
    return work.inPool(ctx, fuel, bytes, job);
  };
  return {
    async crypto_curve_generate(ctx, name) {
      const curve = curveOf(name);
      return keep(ctx, run(ctx, curve, curve.makeFuel * 2, 0, () => generateCurveKey(curve)));
    },
    crypto_curve_import(ctx, name, form, key) {
      const curve = curveOf(name);
      ctx.charge(CALL_FUEL);
      if (!isPrivate(form)) {
        ctx.charge(curve.makeFuel);
        return readPublicKey(curve, form === "spki" ? "spki" : "raw", key);
      }
      if (curve.kind === "448") return null;
      ctx.charge(curve.makeFuel);
      return readPrivateKey(curve, form, key);
    },
    async crypto_curve_import_later(ctx, name, form, key) {
      const curve = curveOf(name);
      if (curve.kind !== "448" || !isPrivate(form)) throw new GuestError("NotSupportedError", "such keys are imported at once");
      ctx.charge(CALL_FUEL + curve.makeFuel);
      return keep(ctx, work.onThread(ctx, key.byteLength, async () => readPrivateKey448(curve, form, key, await loadCurve448())));
    },
    crypto_curve_der(ctx, name, form, key) {
      const curve = curveOf(name);
      ctx.charge(CALL_FUEL);
      if (form === "spki") return spkiOf(curve, key);
      const { secret, publicKey } = privateParts(curve, key);
      return pkcs8Of(curve, secret, publicKey);
    },
    async crypto_curve_sign(ctx, name, hashName, key, context, data) {
      const curve = curveOf(name);
      return run(ctx, curve, curve.signFuel + dataFuel(curve, hashName, data), data.byteLength, () =>
        orOperationError("the data cannot be signed", async () =>
          curve.keyType === "ed448"
            ? (await loadCurve448()).signEd448(privateParts(curve, key).secret, context ?? NO_CONTEXT, data)
            : new Uint8Array(await signAsync(hostHash(hashName), data, { key: openPrivateKey(curve, key), ...IEEE_P1363 })),
        ),
      );
    },
    async crypto_curve_verify(ctx, name, hashName, key, context, signature, data) {
      const curve = curveOf(name);
      const fuel = curve.verifyFuel + dataFuel(curve, hashName, data);
      return run(ctx, curve, fuel, data.byteLength + signature.byteLength, async () => {
        if (signature.byteLength !== 2 * curve.privateBytes) return false;
        if (curve.keyType === "ed448") return (await loadCurve448()).verifyEd448(key, context ?? NO_CONTEXT, signature, data);
        if (curve.keyType === "ed25519" && (isSmallOrder(key) || isSmallOrder(signature.subarray(0, curve.publicBytes)))) return false;
        return verifyAsync(hostHash(hashName), data, { key: openPublicKey(curve, key), ...IEEE_P1363 }, signature).catch(() => false);
      });
    },
    async crypto_curve_derive(ctx, name, privateKey, publicKey, bits) {
      const curve = curveOf(name);
      if (publicKey.byteLength !== curve.publicBytes) throw dataError("the public key is damaged");
      const job = () =>
        orOperationError("the keys do not agree on a secret", async () => {
          if (curve.keyType === "x448") return (await loadCurve448()).agreeX448(privateParts(curve, privateKey).secret, publicKey);
          const secret = new Uint8Array(await diffieHellmanAsync({ privateKey: openPrivateKey(curve, privateKey), publicKey: openPublicKey(curve, publicKey) }));
          // https://wicg.github.io/webcrypto-secure-curves/#x25519-operations: not contributory.
          if (curve.keyType === "x25519" && secret.every((byte) => byte === 0)) throw new Error("the secret is zero");
          return secret;
        });
      return keep(ctx, run(ctx, curve, curve.deriveFuel, 0, job).then((secret) => (bits === null ? secret : firstBits(secret, bits))));
    },
  };
}

/** The first `bits` of `secret`; the rest of the last byte is zero. */
function firstBits(secret: Bytes, bits: number): Bytes {
  if (bits > secret.byteLength * 8) throw operationError(`the secret has only ${secret.byteLength * 8} bits`);
  const first = secret.slice(0, Math.ceil(bits / 8));
  const surplus = first.byteLength * 8 - bits;
  if (surplus > 0) first[first.byteLength - 1] = (first[first.byteLength - 1] ?? 0) & (0xff << surplus);
  return first;
}

/** Whether a form is one of private keys. A form that is none is refused. */
function isPrivate(form: string): form is PrivateForm {
  if (form === "raw" || form === "spki") return false;
  if (form === "pkcs8" || form === "private") return true;
  throw new GuestError("NotSupportedError", `${form} is not a form of a key`);
}

/** Of the host's `sign` and `verify`: EdDSA brings its own hash. */
const hostHash = (name: string | null): string | null => (name === null ? null : hashOf(name).id);

function dataFuel(curve: Curve, hashName: string | null, data: Bytes): number {
  if (curve.kind === "ec") return data.byteLength * hashOf(hashName ?? "").fuelPerByte;
  if (curve.kind === "okp") return data.byteLength * EDDSA_FUEL_PER_BYTE;
  if (data.byteLength > MAX_ED448_MESSAGE_BYTES) throw operationError(`Ed448 takes messages of at most ${MAX_ED448_MESSAGE_BYTES} bytes here`);
  return data.byteLength * ED448_FUEL_PER_BYTE;
}
