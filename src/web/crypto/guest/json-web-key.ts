/** JsonWebKey (https://w3c.github.io/webcrypto/#JsonWebKey-dictionary, RFC 7517). */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayIncludes, arrayPush, isArray, jsonParse, jsonStringify, setPrototypeOf } from "../../infra/guest/primordials.ts";
import { isObject, toDictionary, toDOMString, toSequence } from "../../infra/guest/webidl-convert.ts";
import { utf8Decode, utf8Encode } from "../../encoding/guest/utf8.ts";
import { cryptoOps } from "../ops.ts";
import type { Bytes, KeySlots, KeyUsage } from "./crypto-key.ts";
import { fail } from "./errors.ts";

const { crypto_base64url_bytes, crypto_base64url } = hostOps(cryptoOps);

/** The text members, in the order in which the others stand between them. */
const NAMES = ["alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y"] as const;
type Name = (typeof NAMES)[number];

/** As an app gave it, or as it gets it. Without a prototype while it is ours. */
export type JsonWebKey = { [K in Exclude<Name, "ext" | "key_ops" | "oth">]?: string } & { ext?: boolean; key_ops?: readonly string[]; oth?: true };

export function toJsonWebKey(value: unknown, where: string): JsonWebKey {
  const jwk: Record<string, unknown> = { __proto__: null };
  const given = toDictionary(value, where);
  if (given === undefined) return jwk;
  for (let i = 0; i < NAMES.length; i++) {
    const name = NAMES[i] as Name;
    const member = given[name];
    if (member === undefined) continue;
    if (name === "ext") jwk[name] = !!member;
    else if (name === "key_ops") jwk[name] = toSequence(member, toDOMString, where + ".key_ops");
    else if (name === "oth") jwk[name] = toSequence(member, toDictionary, where + ".oth") && true;
    else jwk[name] = toDOMString(member, where + "." + name);
  }
  return jwk;
}

/** What an algorithm asks of a JWK before it looks at the key itself. `use`: what the key must be for, if it says. */
export function checkJwk(jwk: JsonWebKey, kty: string, use: "enc" | "sig", extractable: boolean, usages: readonly KeyUsage[]): void {
  if (jwk.kty !== kty) fail("DataError", "The JWK's kty is not '" + kty + "'");
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) fail("DataError", "The JWK's use is not '" + use + "'");
  const { key_ops } = jwk;
  if (key_ops !== undefined) {
    const seen: string[] = [];
    for (let i = 0; i < key_ops.length; i++) {
      if (arrayIncludes(seen, key_ops[i] as string)) fail("DataError", "The JWK's key_ops has an entry twice");
      arrayPush(seen, key_ops[i] as string);
    }
    for (let i = 0; i < usages.length; i++) if (!arrayIncludes(seen, usages[i] as string)) fail("DataError", "The JWK's key_ops lacks a usage");
  }
  if (jwk.ext === false && extractable) fail("DataError", "The JWK is not extractable");
}

/** The bytes of a member. */
export function memberBytes(value: string | undefined, name: string): Bytes {
  const bytes = value === undefined ? null : crypto_base64url_bytes(value);
  if (bytes === null) fail("DataError", "The JWK has no '" + name + "', or it is not base64url");
  return bytes;
}

export const base64url: (bytes: Bytes) => string = crypto_base64url;

/** What every exported JWK says. */
export function describedJwk(key: KeySlots, kty: string, alg: string | null): JsonWebKey {
  const ops: string[] = [];
  for (let i = 0; i < key.usages.length; i++) arrayPush(ops, key.usages[i] as string);
  const jwk: JsonWebKey = { kty, key_ops: ops, ext: key.extractable };
  if (alg !== null) jwk.alg = alg;
  return jwk;
}

export const jwkToBytes = (jwk: JsonWebKey): Bytes => utf8Encode(jsonStringify(jwk));

/** https://w3c.github.io/webcrypto/#concept-parse-a-jwk */
export function jwkOfBytes(bytes: Bytes): JsonWebKey {
  let parsed: unknown;
  try {
    parsed = jsonParse(utf8Decode(bytes));
  } catch {
    fail("DataError", "The key is not JSON");
  }
  if (!isObject(parsed) || isArray(parsed)) fail("DataError", "The key is not a JWK");
  // Nothing of the key is shown to a getter on a prototype.
  setPrototypeOf(parsed, null);
  const jwk = toJsonWebKey(parsed, "key");
  if (jwk.kty === undefined) fail("DataError", "The JWK has no kty");
  return jwk;
}
