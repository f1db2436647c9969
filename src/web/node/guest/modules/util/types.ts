/** node:util/types (https://nodejs.org/api/util.html#utiltypes). */
import { door } from "../../door.ts";

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";
const kindIs = (...kinds: string[]) => (value: unknown): boolean => isObject(value) && kinds.includes(door.kindOf(value));
const arrayIs = (name: string) => (value: unknown): boolean => kindIs("TypedArray")(value) && Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get?.call(value) === name;
const functionIs = (name: string) => (value: unknown): boolean => typeof value === "function" && Object.prototype.toString.call(value) === `[object ${name}]`;

export const isArrayBuffer = kindIs("ArrayBuffer");
export const isAnyArrayBuffer = isArrayBuffer;
export const isArrayBufferView = (value: unknown): boolean => ArrayBuffer.isView(value);
export const isTypedArray = kindIs("TypedArray");
export const isUint8Array = arrayIs("Uint8Array");
export const isUint8ClampedArray = arrayIs("Uint8ClampedArray");
export const isUint16Array = arrayIs("Uint16Array");
export const isUint32Array = arrayIs("Uint32Array");
export const isInt8Array = arrayIs("Int8Array");
export const isInt16Array = arrayIs("Int16Array");
export const isInt32Array = arrayIs("Int32Array");
export const isFloat16Array = arrayIs("Float16Array");
export const isFloat32Array = arrayIs("Float32Array");
export const isFloat64Array = arrayIs("Float64Array");
export const isBigInt64Array = arrayIs("BigInt64Array");
export const isBigUint64Array = arrayIs("BigUint64Array");
export const isDataView = kindIs("DataView");
export const isDate = kindIs("Date");
export const isRegExp = kindIs("RegExp");
export const isNativeError = (value: unknown): boolean => (Error as unknown as { isError(value: unknown): boolean }).isError(value);
export const isPromise = kindIs("Promise");
export const isMap = kindIs("Map");
export const isSet = kindIs("Set");
export const isWeakMap = kindIs("WeakMap");
export const isWeakSet = kindIs("WeakSet");
export const isMapIterator = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Map Iterator]";
export const isSetIterator = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Set Iterator]";
export const isGeneratorObject = (value: unknown): boolean => /^\[object (?:Async)?Generator\]$/.test(Object.prototype.toString.call(value));
export const isGeneratorFunction = (value: unknown): boolean => functionIs("GeneratorFunction")(value) || functionIs("AsyncGeneratorFunction")(value);
export const isAsyncFunction = (value: unknown): boolean => functionIs("AsyncFunction")(value) || functionIs("AsyncGeneratorFunction")(value);
export const isNumberObject = kindIs("Number");
export const isStringObject = kindIs("String");
export const isBooleanObject = kindIs("Boolean");
export const isBigIntObject = kindIs("BigInt");
export const isSymbolObject = kindIs("Symbol");
export const isBoxedPrimitive = kindIs("Number", "String", "Boolean", "BigInt", "Symbol");
export const isArgumentsObject = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Arguments]";
export const isModuleNamespaceObject = (value: unknown): boolean => isObject(value) && Object.prototype.toString.call(value) === "[object Module]" && Object.getPrototypeOf(value) === null;
export const isSharedArrayBuffer = (): boolean => false;
export const isExternal = (): boolean => false;
export const isCryptoKey = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object CryptoKey]";

export default {
  isArrayBuffer, isAnyArrayBuffer, isArrayBufferView, isTypedArray, isUint8Array, isUint8ClampedArray, isUint16Array, isUint32Array, isInt8Array, isInt16Array, isInt32Array, isFloat16Array, isFloat32Array,
  isFloat64Array, isBigInt64Array, isBigUint64Array, isDataView, isDate, isRegExp, isNativeError, isPromise, isMap, isSet, isWeakMap, isWeakSet, isMapIterator, isSetIterator, isGeneratorObject, isGeneratorFunction,
  isAsyncFunction, isNumberObject, isStringObject, isBooleanObject, isBigIntObject, isSymbolObject, isBoxedPrimitive, isArgumentsObject, isModuleNamespaceObject, isSharedArrayBuffer, isExternal, isCryptoKey,
};
