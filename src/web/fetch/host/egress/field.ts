/** The grammar of header fields (https://www.rfc-editor.org/rfc/rfc9110#section-5), for both directions. */

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
const VALUE = /^[^\0\n\r\u0100-\uffff]*$/;

/** Field names and methods. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** A byte string that stays on its line. Other control characters mean nothing to the framing, and Fetch allows them (https://fetch.spec.whatwg.org/#header-value). */
export function isFieldValue(text: string): boolean {
  return VALUE.test(text);
}

/** What belongs to one connection and is never passed on. */
export function isHopByHop(lowerName: string): boolean {
  return HOP_BY_HOP.has(lowerName) || lowerName.startsWith("proxy-");
}

const HOP_BY_HOP: ReadonlySet<string> = new Set(["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"]);
