/** How a subrequest fails: always a TypeError of the guest (https://fetch.spec.whatwg.org/#concept-network-error), never the host's own error text. */
import { GuestError } from "../../../../isolate/guest-error.ts";

export function networkError(what: string): GuestError {
  return new GuestError("TypeError", `fetch failed: ${what}`);
}

/** The same words for every denied target, so that nothing can be learnt about it. */
export function deniedError(): GuestError {
  return new GuestError("TypeError", "fetch to this address is not allowed");
}
