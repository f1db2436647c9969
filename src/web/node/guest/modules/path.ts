/** node:path (https://nodejs.org/api/path.html). Paths here are names only: an app has no files. */
import { posix } from "../support/path.ts";

export const { basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep, toNamespacedPath } = posix;
export { posix };
export default posix;
