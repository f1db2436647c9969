/** data: URLs (https://fetch.spec.whatwg.org/#data-urls). */
import { encodingOps } from "../../encoding/ops.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayPush, regExpExec, SafeTypeError, SafeUint8Array, safeParseInt, stringCharCodeAt, stringIndexOf, stringSlice, stringStartsWith, stringTrim, typedArraySet } from "../../infra/guest/primordials.ts";

const { base64_decode } = hostOps(encodingOps);
const BASE64 = /;[ ]*base64[ ]*$/i;
const TYPE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;
const HEX = /^[0-9a-fA-F]{2}$/;

export interface DataUrl {
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** `url` is serialized, without a fragment. Throws TypeError for what is no data URL. */
export function parseDataUrl(url: string): DataUrl {
  const body = stringSlice(url, 5);
  const comma = stringIndexOf(body, ",");
  if (comma < 0) throw new SafeTypeError("fetch: the data URL has no comma");
  let type = stringTrim(stringSlice(body, 0, comma));
  let content = percentDecode(stringSlice(body, comma + 1));
  const base64 = regExpExec(BASE64, type);
  if (base64 !== null) {
    type = stringSlice(type, 0, type.length - base64[0].length);
    const text = base64_decode(latin1(content));
    if (text === null) throw new SafeTypeError("fetch: the data URL is no base64");
    content = new SafeUint8Array(text.length);
    for (let i = 0; i < text.length; i++) content[i] = stringCharCodeAt(text, i);
  }
  if (stringStartsWith(type, ";")) type = "text/plain" + type;
  return { type: regExpExec(TYPE, type) === null ? "text/plain;charset=US-ASCII" : type, content };
}

/** A serialized URL is ASCII. */
function percentDecode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new SafeUint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = stringCharCodeAt(text, i);
    const hex = code === 37 ? stringSlice(text, i + 1, i + 3) : "";
    if (hex !== "" && regExpExec(HEX, hex) !== null) {
      bytes[length++] = safeParseInt(hex, 16);
      i += 2;
    } else bytes[length++] = code;
  }
  const whole = new SafeUint8Array(length);
  typedArraySet(whole, new SafeUint8Array(bytes.buffer, 0, length));
  return whole;
}

function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i++) arrayPush(parts, CHARACTERS[bytes[i] as number] as string);
  let text = "";
  for (let i = 0; i < parts.length; i++) text = text + (parts[i] as string);
  return text;
}
const CHARACTERS: readonly string[] = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
