/** The node: modules that apps may import, and what test files may: their texts, made by the build (see `build/node-modules`). Parsed when the first app asks for one. */
import { posix } from "node:path";

/** The identifier that stands in the texts for the door to nano (see `web/node/guest/door`). */
const DOOR = "__nanoDoor";

/** What test files import. */
export const TESTING = "nano:test";

export class NodeModules {
  #json: Uint8Array | null;
  #texts: Readonly<Record<string, string>> = {};
  readonly #isForTests: boolean;

  /** UTF-8 JSON: path → text. */
  constructor(json: Uint8Array, isForTests = false) {
    this.#json = json;
    this.#isForTests = isForTests;
  }

  /** The path of the module node:`name`, or null when there is none. */
  pathOf(name: string): string | null {
    const path = `${name}.js`;
    return !name.startsWith("part-") && name !== TESTING && Object.hasOwn(this.#parsed(), path) ? path : null;
  }

  /** The path of what test files import, or null for an app. */
  get testingPath(): string | null {
    return this.#isForTests ? `${TESTING}.js` : null;
  }

  /** What one module means by the name of another. */
  resolve(specifier: string, importer: string): string {
    return posix.join(posix.dirname(importer), specifier);
  }

  /** The text at `path`, which knows its door as `doorName`. */
  text(path: string, doorName: string): string {
    const text = this.#parsed()[path];
    if (text === undefined) throw new Error(`no node: module at ${path}`);
    return text.replaceAll(DOOR, doorName);
  }

  #parsed(): Readonly<Record<string, string>> {
    if (this.#json !== null) this.#texts = JSON.parse(new TextDecoder().decode(this.#json)) as Record<string, string>;
    this.#json = null;
    return this.#texts;
  }
}

/** Takes the door off `globalThis` before anything else of the bundle runs. */
export const doorPrologue = (doorName: string): string => `const ${doorName}=globalThis.${doorName};delete globalThis.${doorName};`;
