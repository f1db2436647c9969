/** What of crypto is loaded on first use: `crypto.subtle` and `crypto.DigestStream`. */
export { DigestStream } from "./digest-stream.ts";
export { subtle } from "./subtle-crypto.ts";
