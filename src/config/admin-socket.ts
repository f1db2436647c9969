/** Where the admin socket lies: one rule for nano and for the commands that look for it. */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Config } from "./config.ts";
import { Document } from "./positions.ts";
import { isWranglerFile } from "./wrangler/wrangler.ts";

/** Private to the user; made by the nano that needs it. `runtimeFolder`: the system's own, if it has one. */
export function socketFolder(runtimeFolder: string | undefined): string {
  return runtimeFolder === undefined ? join(tmpdir(), `nano-${process.getuid?.() ?? 0}`) : join(runtimeFolder, "nano");
}

/** What `admin.socket` says, else a name in the socket folder that is made of the config's path, or of the app's when there is none. */
export function socketOf({ file, admin, apps }: Pick<Config, "file" | "admin" | "apps">, runtimeFolder: string | undefined): string {
  return admin.socket ?? join(socketFolder(runtimeFolder), socketName(file ?? apps[0]?.path ?? ""));
}

/** The same of a config file that need not be right otherwise, and whose variables need not be there: it belongs to another process. */
export async function socketOfFile(file: string, runtimeFolder: string | undefined): Promise<string> {
  // A wrangler file says nothing of it.
  if (isWranglerFile(file)) return join(socketFolder(runtimeFolder), socketName(file));
  const { admin } = new Document(await readFile(file, "utf8"), file).value as { readonly admin?: { readonly socket?: unknown } };
  const said = admin?.socket;
  return typeof said === "string" ? resolve(dirname(file), said) : join(socketFolder(runtimeFolder), socketName(file));
}

/** Sockets of whatever nano of this user, running or not. */
export function knownSockets(runtimeFolder: string | undefined): readonly string[] {
  const folder = socketFolder(runtimeFolder);
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".sock")).sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** `path` is absolute. Short: the path of a socket has 100 bytes or so. */
function socketName(path: string): string {
  const name = basename(path, extname(path)).replace(/[^\w-]+/g, "-").slice(0, 24);
  return `${name}-${createHash("sha256").update(path).digest("hex").slice(0, 8)}.sock`;
}
