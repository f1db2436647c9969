/**
 * Source that replaces every method of every built-in prototype, constructor and namespace, accessors too, by one that throws; what the script itself still needs it
 * takes first, as `kept`.
 */
export const POISON = `
// Whoever replaces Promise[Symbol.species] changes what then() is, for the engine too.
const species = Symbol.species;
const kept = {
  stringify: JSON.stringify, then: Function.prototype.call.bind(Promise.prototype.then),
  ownKeys: Reflect.ownKeys, descriptor: Reflect.getOwnPropertyDescriptor, define: Reflect.defineProperty, prototypeOf: Reflect.getPrototypeOf,
};
function poison() {
  const { ownKeys, descriptor, define, prototypeOf } = kept;
  const owners = [
    prototypeOf(Uint8Array), prototypeOf(Uint8Array).prototype, prototypeOf([][Symbol.iterator]()), prototypeOf(new Map().entries()), prototypeOf(new Set().values()), prototypeOf(""[Symbol.iterator]()),
    prototypeOf(prototypeOf([][Symbol.iterator]())), prototypeOf(/a/g[Symbol.matchAll]("")), prototypeOf(prototypeOf((function* () {})())), prototypeOf(prototypeOf((async function* () {})())), prototypeOf(prototypeOf(prototypeOf((async function* () {})()))),
    Reflect, Math, JSON,
  ];
  const names = ["Object", "Function", "Array", "String", "Number", "Boolean", "BigInt", "Symbol", "RegExp", "Date", "Promise", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry",
    "ArrayBuffer", "DataView", "Uint8Array", "Uint8ClampedArray", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
    "Error", "TypeError", "RangeError", "SyntaxError", "AggregateError", "Iterator", "Proxy"];
  for (let i = 0; i < names.length; i++) {
    const cls = globalThis[names[i]];
    owners[owners.length] = cls;
    if (cls.prototype) owners[owners.length] = cls.prototype;
  }
  for (let i = 0; i < owners.length; i++) {
    const owner = owners[i], keys = ownKeys(owner);
    for (let j = 0; j < keys.length; j++) {
      const key = keys[j], own = descriptor(owner, key);
      if (!own.configurable || key === "constructor" || key === "prototype" || key === "__proto__" || key === species) continue;
      const bad = function () { throw "poisoned: " + (typeof key === "symbol" ? "a symbol" : key) + " of owner " + i; };
      if (typeof own.value === "function") { own.value = bad; define(owner, key, own); }
      else if (own.get) define(owner, key, { get: bad, set: own.set, enumerable: own.enumerable, configurable: true });
    }
  }
  const globals = ownKeys(globalThis);
  for (let i = 0; i < globals.length; i++) {
    const own = descriptor(globalThis, globals[i]);
    if (own.configurable && (globals[i] === "eval" || globals[i] === "Function" || globals[i] === "Promise" || globals[i] === "Symbol")) delete globalThis[globals[i]];
  }
}
`;
