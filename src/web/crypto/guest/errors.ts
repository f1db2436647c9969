/** The exceptions of Web Cryptography. */
import { DOMException } from "../../infra/guest/dom-exception.ts";

type ErrorName = "DataError" | "InvalidAccessError" | "NotSupportedError" | "OperationError" | "SyntaxError";

export function fail(name: ErrorName, message: string): never {
  throw new DOMException(message, name);
}
