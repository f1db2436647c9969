/** The name of an app that was given none: its file's, or its folder's when the file's says nothing. */
import { basename, dirname, extname } from "node:path";

const SAYS_NOTHING = /^(index|main|app|worker|_worker)$/;

export function appNameOf(path: string): string {
  const own = basename(path, extname(path));
  const name = SAYS_NOTHING.test(own) && basename(dirname(path)) !== "" ? basename(dirname(path)) : own;
  return name.replace(/[^\w.-]+/g, "-").slice(0, 253) || "app";
}
