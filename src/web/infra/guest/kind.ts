/** What a value is by its internal slots, whatever its prototype claims. For structured clones and for the console. */
import {
  arrayBufferByteLength,
  bigintValueOf,
  booleanValueOf,
  dataViewBuffer,
  dateGetTime,
  getPrototypeOf,
  isArray,
  mapGet,
  mapSet,
  mapSize,
  numberValueOf,
  regExpSource,
  SafeMap,
  setSize,
  stringValueOf,
  symbolValueOf,
  typedArrayName,
  weakMapHas,
  weakRefDeref,
  weakSetHas,
} from "./primordials.ts";
import { type InterfaceInfo, interfaceOf } from "./webidl.ts";

export type Kind =
  | "Object"
  | "Function"
  | "Array"
  | "Map"
  | "Set"
  | "Date"
  | "RegExp"
  | "Error"
  | "Promise"
  | "WeakMap"
  | "WeakSet"
  | "WeakRef"
  | "Generator"
  | "ArrayBuffer"
  | "TypedArray"
  | "DataView"
  | "Boolean"
  | "Number"
  | "String"
  | "BigInt"
  | "Symbol"
  | "Interface";

export interface KindOf {
  readonly kind: Kind;
  /** For `Interface`. */
  readonly info?: InterfaceInfo;
}

type Probe = (value: never) => unknown;

const NO_PROBE = 0;
const kinds = new SafeMap<object, readonly [kind: KindOf, probe: Probe | typeof NO_PROBE]>();

function learn(kind: Kind, prototype: object, probe: Probe | typeof NO_PROBE): void {
  mapSet(kinds, prototype, [{ kind }, probe]);
}

learn("Map", Map.prototype, mapSize);
learn("Set", Set.prototype, setSize);
learn("Date", Date.prototype, dateGetTime);
learn("RegExp", RegExp.prototype, regExpSource);
learn("WeakMap", WeakMap.prototype, (value) => weakMapHas(value, PROBE_KEY));
learn("WeakSet", WeakSet.prototype, (value) => weakSetHas(value, PROBE_KEY));
learn("WeakRef", WeakRef.prototype, weakRefDeref);
learn("ArrayBuffer", ArrayBuffer.prototype, arrayBufferByteLength);
learn("DataView", DataView.prototype, dataViewBuffer);
learn("Boolean", Boolean.prototype, booleanValueOf);
learn("Number", Number.prototype, numberValueOf);
learn("String", String.prototype, stringValueOf);
learn("BigInt", BigInt.prototype, bigintValueOf);
learn("Symbol", Symbol.prototype, symbolValueOf);
// No harmless probe exists for these: the prototype's word is taken.
learn("Promise", Promise.prototype, NO_PROBE);
learn("Generator", getPrototypeOf(getPrototypeOf((function* () {})()) as object) as object, NO_PROBE);
learn("Generator", getPrototypeOf(getPrototypeOf((async function* () {})()) as object) as object, NO_PROBE);

const PROBE_KEY = {};
const PLAIN: KindOf = { kind: "Object" };
const FUNCTION: KindOf = { kind: "Function" };
const ARRAY: KindOf = { kind: "Array" };
const TYPED_ARRAY: KindOf = { kind: "TypedArray" };
const ERROR: KindOf = { kind: "Error" };
const ObjectPrototype = Object.prototype;
const isError = (Error as unknown as { isError(value: unknown): boolean }).isError;
/** No honest prototype chain is longer; one made of proxies may be endless. */
const MAX_CHAIN = 64;

export function kindOf(value: object): KindOf {
  if (typeof value === "function") return FUNCTION;
  if (isArray(value)) return ARRAY;
  let prototype = getPrototypeOf(value);
  if (prototype === ObjectPrototype || prototype === null) return PLAIN;
  if (typedArrayName(value) !== undefined) return TYPED_ARRAY;
  for (let i = 0; prototype !== null && prototype !== ObjectPrototype && i < MAX_CHAIN; i++) {
    const info = interfaceOf(prototype);
    if (info !== undefined) return { kind: "Interface", info };
    const known = mapGet(kinds, prototype);
    if (known !== undefined) {
      const probe = known[1];
      if (probe === NO_PROBE || passes(probe, value)) return known[0];
    }
    prototype = getPrototypeOf(prototype);
  }
  return isError(value) ? ERROR : PLAIN;
}

function passes(probe: Probe, value: object): boolean {
  try {
    probe(value as never);
    return true;
  } catch {
    return false;
  }
}
