/** node:path of POSIX systems: the working directory is "/". */
import path from "path-browserify";

export interface PosixPath {
  basename(path: string, suffix?: string): string;
  dirname(path: string): string;
  extname(path: string): string;
  format(parts: object): string;
  isAbsolute(path: string): boolean;
  join(...paths: string[]): string;
  normalize(path: string): string;
  parse(path: string): object;
  relative(from: string, to: string): string;
  resolve(...paths: string[]): string;
  readonly sep: "/";
  readonly delimiter: ":";
}

/** The package asks for `process.cwd()`, which an app has not, unless a path is absolute. */
const rooted = (paths: readonly string[]): string[] => ["/", ...paths];

const { basename, dirname, extname, format, isAbsolute, join, normalize, parse, sep, delimiter } = path;
const resolve = (...paths: string[]): string => path.resolve(...rooted(paths));
const relative = (from: string, to: string): string => path.relative(resolve(from), resolve(to));
const toNamespacedPath = (name: unknown): unknown => name;

export const posix = { basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep, toNamespacedPath, posix: null as unknown, win32: undefined };
posix.posix = posix;
