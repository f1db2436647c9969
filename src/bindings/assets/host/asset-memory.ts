/** Small files of all apps, as they were last read, up to a number of bytes. What was used least recently goes first. */
import type { AssetFile, AssetContent } from "./asset-file.ts";

export class AssetMemory {
  readonly #mostBytes: number;
  /** The one used last comes last. */
  readonly #contents = new Map<AssetFile, AssetContent>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(file: AssetFile): AssetContent | undefined {
    const content = this.#contents.get(file);
    if (content === undefined) return undefined;
    this.#contents.delete(file);
    this.#contents.set(file, content);
    return content;
  }

  set(file: AssetFile, content: AssetContent): void {
    this.delete(file);
    if (content.bytes.byteLength > this.#mostBytes) return;
    this.#contents.set(file, content);
    this.#bytes += content.bytes.byteLength;
    for (const oldest of this.#contents.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.delete(oldest);
    }
  }

  delete(file: AssetFile): void {
    this.#bytes -= this.#contents.get(file)?.bytes.byteLength ?? 0;
    this.#contents.delete(file);
  }
}
