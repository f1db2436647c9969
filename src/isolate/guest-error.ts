/** The error a host op throws so that the guest sees the class its standard demands. Anything else an op throws reaches the guest as an opaque InternalError. */

/** An ECMAScript error class, or else the name of a DOMException (https://webidl.spec.whatwg.org/#idl-DOMException-error-names). */
export type GuestErrorName = "Error" | "TypeError" | "RangeError" | "SyntaxError" | "EvalError" | "URIError" | (string & {});

export class GuestError extends Error {
  readonly guestName: GuestErrorName;
  constructor(guestName: GuestErrorName, message: string) {
    super(message);
    this.guestName = guestName;
  }
}
