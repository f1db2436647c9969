/** Which file an app starts with, and which folder is its root. */
import { accessSync, constants, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { AppFiles } from "./app-files.ts";
import { LoadError } from "./load-error.ts";
import { PackageFolders } from "./package-folders.ts";
import { nearestName } from "./suggestion.ts";

export const CODE_EXTENSIONS = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"];
const CONVENTIONS = ["index.ts", "index.tsx", "index.js", "index.mjs", "_worker.js", "worker.js", "worker.ts", "src/index.ts", "src/index.tsx", "src/index.js", "src/index.mjs"];
const NOT_THERE = "correct the path of the app; nano init makes one";

export interface Entry {
  readonly files: AppFiles;
  /** A real path. */
  readonly path: string;
  /** Relative to the app's folder. */
  readonly name: string;
}

/** `appPath` names a file, whose folder is then the root, or a folder: `main` in it, or the file that its package.json names (`module`, `main`), or a conventional one. */
export function findEntry(appPath: string, main: string | null = null): Entry {
  const path = resolve(appPath);
  const failWith = (missing: Iterable<string>) => (message: string, hint = "") => new LoadError({ file: appPath, message, hint }, [path], [...missing]);
  const isFolder = checkPath(path, failWith([]));
  const files = new AppFiles(isFolder ? path : dirname(path));
  if (main !== null) return mainOf(files, main, isFolder, appPath);
  const fail = failWith(files.missing);
  const found = isFolder ? entryOfFolder(files) : join(files.rootPath, basename(path));
  if (found === null) throw fail("there is no app in this folder", noAppHint(files));
  return entryAt(files, found, fail);
}

/** For whoever has pages, and for whoever has nothing yet. */
function noAppHint(files: AppFiles): string {
  if (files.look(join(files.rootPath, "index.html"))?.isFile === true) return 'for files alone, put a nano.json beside the folder: { "apps": [{ "name": "site", "assets": { "directory": "./site" } }] }';
  return `an app starts with one of ${CONVENTIONS.join(", ")}, or with the file that package.json names as "main"; nano init makes one`;
}

function mainOf(files: AppFiles, main: string, isFolder: boolean, appPath: string): Entry {
  const path = join(files.rootPath, main);
  const fail = (message: string, hint = "") => new LoadError({ file: main, message, hint }, [path], [...files.missing]);
  if (!isFolder) throw fail(`it is to be the main file of ${appPath}, which is a file itself`, 'keep one of the two: "path" as a folder with "main", or "path" as the file');
  if (!files.isWithin(path)) throw fail("it lies outside the app's folder", 'name the folder that holds both as "path"');
  if (files.look(path)?.isFile === true) return entryAt(files, path, fail);
  const near = files.look(path) === null ? nearestName(path, CODE_EXTENSIONS, files) : null;
  const built = /^(?:\.\/)?(?:dist|build|out|\.[\w-]+)\//.test(main) ? "build the app first: this file is made by its build" : "";
  throw fail(files.look(path) === null ? "there is no such file" : "it is a folder, not a file", near === null ? built : `did you mean ${join(relative(files.rootPath, dirname(path)), near)}?`);
}

function entryAt(files: AppFiles, path: string, fail: (message: string, hint?: string) => LoadError): Entry {
  if (!CODE_EXTENSIONS.includes(extname(path))) throw fail("it is not a JavaScript or TypeScript file", `an app ends in ${CODE_EXTENSIONS.join(", ")}`);
  const seen = files.look(path);
  const name = seen === null ? null : files.nameOf(seen.realPath);
  if (seen === null || name === null) throw fail("it is a symbolic link that leads out of its folder", "give the path of the file itself");
  return { files, path: seen.realPath, name };
}

function checkPath(path: string, fail: (message: string, hint?: string) => LoadError): boolean {
  try {
    const stats = statSync(path);
    if (!stats.isDirectory() && !stats.isFile()) throw fail("it is neither a file nor a folder");
    accessSync(path, stats.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK);
    return stats.isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === "EACCES" || code === "EPERM") throw fail("permission denied", "nano needs to read it as the user it runs as");
    if (code !== "ENOENT" && code !== "ENOTDIR") throw fail(`it cannot be read (${code})`);
    throw fail("no such file or folder", suggestion(path));
  }
}

function suggestion(path: string): string {
  try {
    const near = nearestName(path, CODE_EXTENSIONS, new AppFiles(dirname(path)));
    return near === null ? NOT_THERE : `did you mean ${near}?`;
  } catch {
    return NOT_THERE;
  }
}

function entryOfFolder(files: AppFiles): string | null {
  const manifest = new PackageFolders(files).at(files.rootPath)?.manifest;
  const named = [manifest?.module, manifest?.main].filter((name) => typeof name === "string" && name !== "") as string[];
  for (const name of [...named, ...CONVENTIONS]) {
    const path = join(files.rootPath, name);
    if (files.isWithin(path) && files.look(path)?.isFile) return path;
  }
  return null;
}
