/** DOMException (https://webidl.spec.whatwg.org/#idl-DOMException). Its objects are real Errors inside: they carry a stack and pass `Error.isError`. */
import { reflectConstruct, SafeError, setPrototypeOf } from "./primordials.ts";
import { defineInterface } from "./webidl.ts";
import { toDOMString } from "./webidl-convert.ts";

const CONSTANTS = {
  INDEX_SIZE_ERR: 1,
  DOMSTRING_SIZE_ERR: 2,
  HIERARCHY_REQUEST_ERR: 3,
  WRONG_DOCUMENT_ERR: 4,
  INVALID_CHARACTER_ERR: 5,
  NO_DATA_ALLOWED_ERR: 6,
  NO_MODIFICATION_ALLOWED_ERR: 7,
  NOT_FOUND_ERR: 8,
  NOT_SUPPORTED_ERR: 9,
  INUSE_ATTRIBUTE_ERR: 10,
  INVALID_STATE_ERR: 11,
  SYNTAX_ERR: 12,
  INVALID_MODIFICATION_ERR: 13,
  NAMESPACE_ERR: 14,
  INVALID_ACCESS_ERR: 15,
  VALIDATION_ERR: 16,
  TYPE_MISMATCH_ERR: 17,
  SECURITY_ERR: 18,
  NETWORK_ERR: 19,
  ABORT_ERR: 20,
  URL_MISMATCH_ERR: 21,
  QUOTA_EXCEEDED_ERR: 22,
  TIMEOUT_ERR: 23,
  INVALID_NODE_TYPE_ERR: 24,
  DATA_CLONE_ERR: 25,
};

const CODES: Readonly<Record<string, number>> = {
  __proto__: null as never,
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

/** A constructor that returns its argument, so that `State` installs its private fields on an object made elsewhere. */
export const Carrier = function (carrier: object) {
  return carrier;
} as unknown as new (carrier: object) => object;

class State extends Carrier {
  #name: string;
  #message: string;
  constructor(carrier: object, name: string, message: string) {
    super(carrier);
    this.#name = name;
    this.#message = message;
  }
  static has = (value: object): boolean => #name in value;
  static nameOf = (value: object): string => (value as State).#name;
  static messageOf = (value: object): string => (value as State).#message;
}
const { nameOf, messageOf, has } = State;
/** Name and message of a DOMException, whatever the app did to its prototype. */
export const exceptionName: (error: DOMException) => string = nameOf;
export const exceptionMessage: (error: DOMException) => string = messageOf;

export class DOMException {
  constructor(message?: unknown, name?: unknown) {
    const text = message === undefined ? "" : toDOMString(message);
    const kind = name === undefined ? "Error" : toDOMString(name);
    return new State(reflectConstruct(SafeError, [], new.target), kind, text) as unknown as DOMException;
  }
  get name(): string {
    return nameOf(this);
  }
  get message(): string {
    return messageOf(this);
  }
  get code(): number {
    return CODES[nameOf(this)] ?? 0;
  }
}
setPrototypeOf(DOMException.prototype, SafeError.prototype);
defineInterface(DOMException, "DOMException", { constants: CONSTANTS });

export const isDOMException = (value: unknown): value is DOMException => typeof value === "object" && value !== null && has(value);
