/** UTF-8 for our own guest code. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { encodingOps, IGNORE_BOM } from "../ops.ts";

const { utf8_encode, text_decode } = hostOps(encodingOps);

/** The bytes of `text`; lone surrogates become U+FFFD. */
export const utf8Encode: (text: string) => Uint8Array<ArrayBuffer> = utf8_encode;
/** https://encoding.spec.whatwg.org/#utf-8-decode: drops a BOM, replaces what is malformed. */
export const utf8Decode = (bytes: Uint8Array<ArrayBuffer>): string => text_decode("utf-8", bytes, 0);
/** https://encoding.spec.whatwg.org/#utf-8-decode-without-bom: a BOM stays in the text. */
export const utf8DecodeWithoutBom = (bytes: Uint8Array<ArrayBuffer>): string => text_decode("utf-8", bytes, IGNORE_BOM);
