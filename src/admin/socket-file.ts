/** The unix socket as a file: in a folder that is the user's alone, and in place of one that a nano left behind when it died. */
import { lstatSync, mkdirSync, readdirSync, rmSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { OperatorError } from "../errors.ts";

/** What `sun_path` holds on every system, with its final NUL. */
const MOST_PATH_BYTES = 103;
const PROBE_MS = 1_000;
const LEAST_AGE_MS = 60_000;
const MOST_SWEPT = 32;

/** Makes way for a socket at `path`. Throws OperatorError where another nano listens, or something else lies there. `ownsFolder`: the folder is ours to make. */
export async function prepareSocket(path: string, ownsFolder: boolean): Promise<void> {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) throw fault(path, `this path has more than the ${MOST_PATH_BYTES} bytes that a socket's may have`, "set admin.socket to a shorter one");
  if (ownsFolder) {
    makePrivateFolder(dirname(path));
    await sweep(dirname(path));
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw fault(path, "there is something else than a socket", "remove it, or set admin.socket to another path");
  if (await isLive(path)) throw fault(path, "another nano listens here", "stop that one, or set admin.socket to a path of its own");
  unlinkSync(path);
}

function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
  } catch (error) {
    throw fault(folder, `the folder cannot be made (${(error as { code?: string }).code ?? "unknown error"})`, "set admin.socket to a path in a folder that is there");
  }
  const { uid, mode, isDirectory } = describe(folder);
  // Whoever else may write here could put a socket of his own in place of ours.
  if (!isDirectory || (mode & 0o022) !== 0 || (uid !== process.getuid?.() && uid !== 0)) throw fault(folder, "others may write to this folder", "remove it, or set admin.socket to a path in a private one");
}

/** What nanos with other configs left behind when they were killed. One that is a moment old may be about to listen. */
async function sweep(folder: string): Promise<void> {
  const old = readdirSync(folder).filter((name) => name.endsWith(".sock") && (lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) < Date.now() - LEAST_AGE_MS);
  for (const name of old.slice(0, MOST_SWEPT)) if (!(await isLive(join(folder, name)))) rmSync(join(folder, name), { force: true });
}

function describe(folder: string): { readonly uid: number; readonly mode: number; readonly isDirectory: boolean } {
  const found = lstatSync(folder);
  return { uid: found.uid, mode: found.mode, isDirectory: found.isDirectory() };
}

/** Somebody accepts connections at `path`, or may once it gets to it. */
export function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const tell = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_MS, () => tell(true));
    socket.once("connect", () => tell(true));
    socket.once("error", (error: { code?: string }) => tell(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

function fault(file: string, message: string, hint: string): OperatorError {
  return new OperatorError({ file, message, hint });
}
