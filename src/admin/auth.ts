/** Who may use the admin API over TCP: whoever knows the token. The unix socket needs none, the file system guards it. */
import { createHash, timingSafeEqual } from "node:crypto";

export class Token {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** `authorization` is the value of that field. Takes as long for every wrong token of the same length: digests are compared, and all of their bytes. */
  accepts(authorization: string | null): boolean {
    const given = authorization === null ? null : /^bearer +([\x21-\x7e]+)$/i.exec(authorization);
    return timingSafeEqual(digestOf(given?.[1] ?? ""), this.#digest) && given !== null;
  }
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
