/** Blob URLs (https://w3c.github.io/FileAPI/#url): names for blobs, known in the isolate that made them, for as long as it lives or until they are revoked. */
import { cryptoOps } from "../../crypto/ops.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { getOwnPropertyDescriptor, mapDelete, mapGet, mapSet, objectDefineProperty, SafeMap, SafeTypeError, stringIndexOf, stringSlice } from "../../infra/guest/primordials.ts";
import { requireArguments } from "../../infra/guest/webidl.ts";
import { toDOMString } from "../../infra/guest/webidl-convert.ts";
import { parseUrl } from "../../url/guest/parse.ts";
import { URL } from "../../url/guest/url.ts";
import { type Blob, isBlob } from "./door.ts";

const { crypto_random_uuid } = hostOps(cryptoOps);
const blobs = new SafeMap<string, Blob>();

const statics = {
  createObjectURL(obj: unknown): string {
    requireArguments(arguments.length, 1, "URL.createObjectURL");
    if (!isBlob(obj)) throw new SafeTypeError("URL.createObjectURL: not a Blob");
    // An app has many hosts and no origin of its own.
    const url = "blob:null/" + crypto_random_uuid();
    mapSet(blobs, url, obj);
    return url;
  },
  revokeObjectURL(url: unknown): void {
    requireArguments(arguments.length, 1, "URL.revokeObjectURL");
    const href = parseUrl(toDOMString(url, "URL.revokeObjectURL"), undefined);
    if (href !== null) mapDelete(blobs, href);
  },
};
objectDefineProperty(URL, "createObjectURL", getOwnPropertyDescriptor(statics, "createObjectURL") as PropertyDescriptor);
objectDefineProperty(URL, "revokeObjectURL", getOwnPropertyDescriptor(statics, "revokeObjectURL") as PropertyDescriptor);

/** The blob that a normalised URL names, whatever its fragment; null when there is none (any more). */
export function blobOfUrl(href: string): Blob | null {
  const hash = stringIndexOf(href, "#");
  return mapGet(blobs, hash < 0 ? href : stringSlice(href, 0, hash)) ?? null;
}
