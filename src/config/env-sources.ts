/** Where the values come from that a config only names: the environment of the process, and files such as mounted secrets. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { limits } from "../limits.ts";
import { hostVariable } from "./environment.ts";

export type FileValue = { readonly text: string } | { readonly fault: string };

export interface EnvSources {
  /** Undefined when it is not set. */
  variable(name: string): string | undefined;
  /** `path` is absolute. */
  file(path: string): FileValue;
}

/** The longest value, and the line ending that is dropped. One byte more is too long, and need not be read to its end. */
const MOST_BYTES = (limits.env_value_kb.default << 10) + 2;

export const hostSources: EnvSources = { variable: hostVariable, file: readValue };

/** The text of a small file without the one line ending that editors leave at its end. */
export function readValue(path: string): FileValue {
  let fd: number;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as { code?: string };
    return { fault: code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : `it cannot be read (${code ?? "unknown error"})` };
  }
  try {
    if (!fstatSync(fd).isFile()) return { fault: "it is no file" };
    const buffer = new Uint8Array(MOST_BYTES + 1);
    let filled = 0;
    for (let n = -1; n !== 0 && filled < buffer.byteLength; filled += n) n = readSync(fd, buffer, filled, buffer.byteLength - filled, filled);
    if (filled > MOST_BYTES) return { fault: `it has more than ${MOST_BYTES} bytes` };
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, filled)).replace(/\r?\n$/, "") };
  } catch (error) {
    return { fault: error instanceof TypeError ? "it is not UTF-8" : `it cannot be read (${(error as { code?: string }).code ?? "unknown error"})` };
  } finally {
    closeSync(fd);
  }
}
