/** Subresource integrity (https://w3c.github.io/webappsec-subresource-integrity/): is a body what the app said it is? */
import { cryptoOps } from "../../crypto/ops.ts";
import { encodingOps } from "../../encoding/ops.ts";
import { byteString } from "../../form-data/guest/byte-string.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayIncludes, arrayPush, promiseReject, promiseResolve, promiseThen, regExpExec, SafeTypeError, stringIndexOf, stringReplaceAll, stringSlice } from "../../infra/guest/primordials.ts";
import { type Body, bodyOfBytes, readBytes } from "./body.ts";

const { crypto_digest } = hostOps(cryptoOps);
const { base64_encode } = hostOps(encodingOps);

/** An expression and what follows it: at most one option list, which says nothing. */
const EXPRESSION = /^[\t\n\f\r ]*([^\t\n\f\r ]+)/;
const HASH = /^sha(256|384|512)-([A-Za-z0-9+/\-_]+={0,2})(?:\?.*)?$/i;

interface Expected {
  /** Bits of the strongest SHA-2 that is named; 0 when none is. */
  readonly bits: number;
  /** Its digests, base64 without padding: one of them has to be met. */
  readonly digests: readonly string[];
}

/** https://w3c.github.io/webappsec-subresource-integrity/#parse-metadata, and of that the strongest. */
function parseMetadata(metadata: string): Expected {
  let bits = 0;
  let digests: string[] = [];
  for (let rest = metadata, word = regExpExec(EXPRESSION, rest); word !== null; word = regExpExec(EXPRESSION, rest)) {
    rest = stringSlice(rest, word[0].length);
    const hash = regExpExec(HASH, word[1] as string);
    if (hash === null) continue;
    const strength = +(hash[1] as string);
    if (strength < bits) continue;
    if (strength > bits) digests = [];
    bits = strength;
    arrayPush(digests, plain(hash[2] as string));
  }
  return { bits, digests };
}

/** Base64url as base64, and neither with padding. */
function plain(digest: string): string {
  const padding = stringIndexOf(digest, "=");
  return stringReplaceAll(stringReplaceAll(padding < 0 ? digest : stringSlice(digest, 0, padding), "-", "+"), "_", "/");
}

/** `body` once all of it has come and met `metadata`, which is what makes the response safe to show. Rejects with a TypeError. */
export function verified(body: Body | null, metadata: string): Promise<Body | null> {
  const { bits, digests } = parseMetadata(metadata);
  if (body === null) return promiseReject(new SafeTypeError("fetch: a response without a body has no integrity"));
  if (bits === 0) return promiseResolve(body);
  return promiseThen(readBytes(body), (bytes) =>
    promiseThen(crypto_digest("SHA-" + bits, bytes), (digest) => {
      if (arrayIncludes(digests, plain(base64_encode(byteString(digest))))) return bodyOfBytes(bytes);
      throw new SafeTypeError("fetch: the body is not what the integrity metadata says");
    }),
  );
}
