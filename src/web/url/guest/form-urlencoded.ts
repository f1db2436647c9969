/** application/x-www-form-urlencoded (https://url.spec.whatwg.org/#application/x-www-form-urlencoded). A list is name, value, name, value, … */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { arrayPush, regExpExec, stringIncludes, stringIndexOf, stringReplaceAll, stringSlice } from "../../infra/guest/primordials.ts";
import { urlOps } from "../ops.ts";

const { url_decode_form } = hostOps(urlOps);
const decode = decodeURIComponent;
const encode = encodeURIComponent;

export function parseFormUrlencoded(text: string): string[] {
  const list: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = stringIndexOf(text, "&", at);
    if (end < 0) end = text.length;
    if (end > at) {
      const pair = stringSlice(text, at, end);
      const equals = stringIndexOf(pair, "=");
      if (equals < 0) arrayPush(list, decodeForm(pair), "");
      else arrayPush(list, decodeForm(stringSlice(pair, 0, equals)), decodeForm(stringSlice(pair, equals + 1)));
    }
    at = end + 1;
  }
  return list;
}

function decodeForm(text: string): string {
  const spaced = stringReplaceAll(text, "+", " ");
  if (!stringIncludes(spaced, "%")) return spaced;
  try {
    return decode(spaced);
  } catch {
    return url_decode_form(text);
  }
}

export function serializeFormUrlencoded(list: readonly string[]): string {
  let text = "";
  for (let i = 0; i < list.length; i += 2) {
    if (i > 0) text += "&";
    text += encodeForm(list[i] as string) + "=" + encodeForm(list[i + 1] as string);
  }
  return text;
}

const UNCHANGED = /^[\w*\-.]*$/;
/** What `encodeURIComponent` leaves and this format does not. */
const LEFT_OVER = /%20|[!'()~]/;

/** `text` must be a scalar value string. */
function encodeForm(text: string): string {
  if (regExpExec(UNCHANGED, text) !== null) return text;
  let encoded = encode(text);
  if (regExpExec(LEFT_OVER, encoded) === null) return encoded;
  encoded = stringReplaceAll(encoded, "%20", "+");
  encoded = stringReplaceAll(encoded, "!", "%21");
  encoded = stringReplaceAll(encoded, "'", "%27");
  encoded = stringReplaceAll(encoded, "(", "%28");
  encoded = stringReplaceAll(encoded, ")", "%29");
  return stringReplaceAll(encoded, "~", "%7E");
}
