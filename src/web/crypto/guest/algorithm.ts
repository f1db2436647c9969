/** What an algorithm can do, and how a caller's description of one is read (https://w3c.github.io/webcrypto/#algorithm-normalization). */
import { arrayIncludes, SafeTypeError, stringToUpperCase, typedArrayName } from "../../infra/guest/primordials.ts";
import { type Converter, isObject, toBufferSource, toDOMString, toInteger } from "../../infra/guest/webidl-convert.ts";
import type { Bytes, CryptoKey, KeySlots, KeyUsage } from "./crypto-key.ts";
import { fail } from "./errors.ts";
import type { JsonWebKey } from "./json-web-key.ts";

export type Dictionary = Readonly<Record<string, unknown>>;
export type KeyFormat = "raw" | "spki" | "pkcs8" | "jwk";
export interface CryptoKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}
/** Bytes that wait on the host, see `ops.ts`. */
export type Kept = Promise<number>;

/** An operation of an algorithm: reads its parameters at once, from what the caller passed, and gives what does it. */
export type Operation<A extends unknown[], R> = (parameters: Dictionary) => (...args: A) => R;

/** Absent: the algorithm does not support the operation. Its object has no prototype. */
export interface Algorithm {
  readonly name: string;
  readonly encrypt?: Operation<[key: KeySlots, data: Bytes], Kept>;
  readonly decrypt?: Operation<[key: KeySlots, data: Bytes], Kept>;
  readonly sign?: Operation<[key: KeySlots, data: Bytes], Promise<Bytes>>;
  readonly verify?: Operation<[key: KeySlots, signature: Bytes, data: Bytes], Promise<boolean>>;
  readonly digest?: Operation<[data: Bytes], Promise<Bytes>>;
  readonly generateKey?: Operation<[extractable: boolean, usages: readonly KeyUsage[]], CryptoKey | Promise<CryptoKey | CryptoKeyPair>>;
  readonly importKey?: Operation<[format: KeyFormat, data: Bytes | JsonWebKey, extractable: boolean, usages: readonly KeyUsage[]], CryptoKey | Promise<CryptoKey>>;
  readonly deriveBits?: Operation<[key: KeySlots, length: number | null], Kept>;
  readonly getKeyLength?: Operation<[], number | null>;
  readonly wrapKey?: Operation<[key: KeySlots, data: Bytes], Kept>;
  readonly unwrapKey?: Operation<[key: KeySlots, data: Bytes], Kept>;
  /** Needs no parameters. */
  readonly exportKey?: (format: KeyFormat, key: KeySlots) => Bytes | JsonWebKey;
}

export type OperationName = Exclude<keyof Algorithm, "name" | "exportKey">;
type Runner<O extends OperationName> = ReturnType<NonNullable<Algorithm[O]>>;

const algorithms: Record<string, Algorithm | undefined> = { __proto__: null as never };

/** At module scope, once for each. */
export function register(algorithm: Algorithm): void {
  algorithms[stringToUpperCase(algorithm.name)] = algorithm;
}

export const algorithmOf = (name: string): Algorithm | undefined => algorithms[stringToUpperCase(name)];

export interface Normalized<O extends OperationName> {
  readonly name: string;
  readonly run: Runner<O>;
}

/** https://w3c.github.io/webcrypto/#dfn-normalize-an-algorithm */
export function normalize<O extends OperationName>(operation: O, value: unknown): Normalized<O> {
  const found = lookUp(operation, value);
  if (found === undefined) fail("NotSupportedError", "The algorithm is not supported for this operation");
  return found;
}

/** As `normalize`; undefined where the algorithm does not support the operation. */
export function lookUp<O extends OperationName>(operation: O, value: unknown): Normalized<O> | undefined {
  const parameters = isObject(value) ? (value as Dictionary) : { __proto__: null, name: toDOMString(value, "algorithm") };
  const { name } = parameters as Dictionary;
  if (name === undefined) throw new SafeTypeError("algorithm.name is required");
  const algorithm = algorithmOf(toDOMString(name, "algorithm.name"));
  const read = algorithm?.[operation] as ((parameters: Dictionary) => Runner<O>) | undefined;
  return algorithm === undefined || read === undefined ? undefined : { name: algorithm.name, run: read(parameters as Dictionary) };
}

/** The member `name` of a dictionary; a TypeError when it is not there. */
export function required<T>(parameters: Dictionary, name: string, convert: Converter<T>): T {
  const value = parameters[name];
  if (value === undefined) throw new SafeTypeError("algorithm." + name + " is required");
  return convert(value, "algorithm." + name);
}

/** The member `name` of a dictionary, or null. */
export function optional<T>(parameters: Dictionary, name: string, convert: Converter<T>): T | null {
  const value = parameters[name];
  return value === undefined ? null : convert(value, "algorithm." + name);
}

export const toOctet: Converter<number> = (value, where) => toInteger(value, 8, false, "enforceRange", where);
export const toShort: Converter<number> = (value, where) => toInteger(value, 16, false, "enforceRange", where);
export const toLength: Converter<number> = (value, where) => toInteger(value, 32, false, "enforceRange", where);
export const toBytes: Converter<Bytes> = toBufferSource;
/** `HashAlgorithmIdentifier`: the name of the hash. */
export const toHash: Converter<string> = (value) => normalize("digest", value).name;
/** `BigInteger`. */
export const toBigInteger: Converter<Bytes> = (value, where) => {
  if (typedArrayName(value) !== "Uint8Array") throw new SafeTypeError(where + ": not a Uint8Array");
  return value as Bytes;
};

/** A SyntaxError when a key is to be used for what its algorithm cannot do. */
export function requireUsages(usages: readonly KeyUsage[], allowed: readonly KeyUsage[]): void {
  for (let i = 0; i < usages.length; i++)
    if (!arrayIncludes(allowed, usages[i] as KeyUsage)) fail("SyntaxError", "A key of this kind cannot be used to " + (usages[i] as string));
}

/** Keys that nobody could use are not made. */
export function requireAnyUsage(usages: readonly KeyUsage[]): void {
  if (usages.length === 0) fail("SyntaxError", "A secret or private key needs a usage");
}

export function requireType(key: KeySlots, type: KeySlots["type"]): void {
  if (key.type !== type) fail("InvalidAccessError", "This takes a " + type + " key");
}

export function unsupportedFormat(format: KeyFormat): never {
  fail("NotSupportedError", "Keys of this algorithm have no format '" + format + "'");
}
