/**
 * CryptoKey (https://w3c.github.io/webcrypto/#cryptokey-interface). The material is in the guest's own heap, in a private field: it belongs to the app anyway,
 * lives as long as the key, and is in the snapshot of an app that makes its keys at top level. It never leaves our own code but to the host, so an app does
 * not see that of a key that is not extractable.
 */
import { arrayIncludes, arrayPush, SafeTypeError, SafeUint8Array } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { registerCloneable } from "../../structured-clone/guest/registry.ts";

export type Bytes = Uint8Array<ArrayBuffer>;
export type KeyType = "secret" | "public" | "private";

export const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"] as const;
export type KeyUsage = (typeof USAGES)[number];

/** `[[algorithm]]`. Every member is there: one that were absent would be looked for on `Object.prototype`. */
export interface KeyAlgorithm {
  readonly name: string;
  readonly hash: string | null;
  readonly length: number | null;
  readonly namedCurve: string | null;
  readonly modulusLength: number | null;
  readonly publicExponent: Bytes | null;
}

export const keyAlgorithm = (name: string, member?: Partial<Omit<KeyAlgorithm, "name">>): KeyAlgorithm => ({
  hash: null,
  length: null,
  namedCurve: null,
  modulusLength: null,
  publicExponent: null,
  ...member,
  name,
});

export interface KeySlots {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: readonly KeyUsage[];
  readonly material: Bytes;
}

/** The internal slots of a key. Throws a TypeError for anything else. */
export let slotsOf: (value: unknown, where: string) => KeySlots;

export let isKey: (value: object) => value is CryptoKey;

export class CryptoKey {
  #slots: KeySlots;
  #algorithm: object | undefined;
  #usages: KeyUsage[] | undefined;
  constructor(key?: symbol, slots?: KeySlots) {
    requireConstructionKey(key);
    this.#slots = slots as KeySlots;
  }
  get type(): KeyType {
    return this.#slots.type;
  }
  get extractable(): boolean {
    return this.#slots.extractable;
  }
  get algorithm(): object {
    return (this.#algorithm ??= describe(this.#slots.algorithm));
  }
  get usages(): KeyUsage[] {
    return (this.#usages ??= onlyUsages(this.#slots.usages, USAGES));
  }
  static {
    isKey = (value): value is CryptoKey => #slots in value;
    slotsOf = (value, where) => {
      if (!isObject(value) || !(#slots in value)) throw new SafeTypeError(where + " is not a CryptoKey");
      return value.#slots;
    };
  }
}
defineInterface(CryptoKey, "CryptoKey", { inspected: ["type", "extractable", "algorithm", "usages"] });
registerCloneable(CryptoKey, (key: CryptoKey) => new CryptoKey(constructionKey, slotsOf(key, "value")));

export const createKey = (slots: KeySlots): CryptoKey => new CryptoKey(constructionKey, slots);

/** Those of `usages` that are in `allowed`, each once, in the standard's order. */
export function onlyUsages(usages: readonly KeyUsage[], allowed: readonly KeyUsage[]): KeyUsage[] {
  const list: KeyUsage[] = [];
  for (let i = 0; i < USAGES.length; i++) {
    const usage = USAGES[i] as KeyUsage;
    if (arrayIncludes(usages, usage) && arrayIncludes(allowed, usage)) arrayPush(list, usage);
  }
  return list;
}

function describe({ name, hash, length, namedCurve, modulusLength, publicExponent }: KeyAlgorithm): object {
  if (namedCurve !== null) return { name, namedCurve };
  if (modulusLength !== null) return { name, modulusLength, publicExponent: new SafeUint8Array(publicExponent as Bytes), hash: { name: hash } };
  if (hash !== null) return { name, hash: { name: hash }, length };
  return length === null ? { name } : { name, length };
}
