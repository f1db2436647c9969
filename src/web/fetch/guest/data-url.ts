/** data: URLs (https://fetch.spec.whatwg.org/#data-urls). */
import { encodingOps } from "../../encoding/ops.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { regExpExec, regExpTest, SafeTypeError, SafeUint8Array, safeParseInt, stringCharCodeAt, stringFromCharCode, stringIndexOf, stringSlice, stringStartsWith, stringTrim } from "../../infra/guest/primordials.ts";
import { parseMimeType, serializeMimeType } from "./mime-type.ts";

const { base64_decode } = hostOps(encodingOps);
const BASE64 = /;[ ]*base64[ ]*$/i;
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
  let text = percentDecode(stringSlice(body, comma + 1));
  const base64 = regExpExec(BASE64, type);
  if (base64 !== null) {
    type = stringSlice(type, 0, type.length - base64[0].length);
    const decoded = base64_decode(text);
    if (decoded === null) throw new SafeTypeError("fetch: the data URL is no base64");
    text = decoded;
  }
  const content = new SafeUint8Array(text.length);
  for (let i = 0; i < text.length; i++) content[i] = stringCharCodeAt(text, i);
  if (stringStartsWith(type, ";")) type = "text/plain" + type;
  const parsed = parseMimeType(type);
  return { type: parsed === null ? "text/plain;charset=US-ASCII" : serializeMimeType(parsed), content };
}

/** The bytes, as a string with one code unit per octet. A serialized URL is ASCII. */
function percentDecode(text: string): string {
  let decoded = "";
  let from = 0;
  for (let at = stringIndexOf(text, "%"); at >= 0; at = stringIndexOf(text, "%", at + 1)) {
    const hex = stringSlice(text, at + 1, at + 3);
    if (!regExpTest(HEX, hex)) continue;
    decoded = decoded + stringSlice(text, from, at) + stringFromCharCode(safeParseInt(hex, 16));
    from = at + 3;
    at += 2;
  }
  return decoded + stringSlice(text, from);
}
