/** What fetch() answers without a network: data: and blob: URLs (https://fetch.spec.whatwg.org/#scheme-fetch). */
import { type Blob, blobBytes, blobSize, blobType } from "../../blob/guest/door.ts";
import { SafeTypeError, stringStartsWith } from "../../infra/guest/primordials.ts";
import { type Body, bodyOfBytes } from "./body.ts";
import { parseDataUrl } from "./data-url.ts";

export interface LocalAnswer {
  readonly headers: string;
  readonly body: Body | null;
}

/** Null for a URL that leads out of the isolate. `url` is normalised and without a fragment; `blob` is what it named when the request was made. Throws TypeError. */
export function localAnswer(method: string, url: string, blob: Blob | null): LocalAnswer | null {
  if (stringStartsWith(url, "data:")) {
    const { type, content } = parseDataUrl(url);
    return { headers: "content-type\n" + type + "\n", body: method === "HEAD" ? null : bodyOfBytes(content) };
  }
  if (!stringStartsWith(url, "blob:")) return null;
  if (method !== "GET") throw new SafeTypeError("fetch: a blob: URL can only be got, not " + method);
  if (blob === null) throw new SafeTypeError("fetch: the blob: URL names no blob of this isolate");
  return { headers: "content-length\n" + blobSize(blob) + "\ncontent-type\n" + blobType(blob) + "\n", body: bodyOfBytes(blobBytes(blob)) };
}
