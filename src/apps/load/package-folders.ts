/** The packages an app can see: which folder a package name means, and what its package.json says. Each is read once per load. */
import { dirname, join } from "node:path";
import type { AppFiles } from "./app-files.ts";

const MAX_MANIFEST_BYTES = 1_000_000;

export interface PackageFolder {
  /** A real path. */
  readonly path: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

export class PackageFolders {
  readonly #files: AppFiles;
  readonly #byPath = new Map<string, PackageFolder | null>();

  constructor(files: AppFiles) {
    this.#files = files;
  }

  /** The package whose package.json lies in this folder. A broken package.json counts as none. */
  at(path: string): PackageFolder | null {
    let folder = this.#byPath.get(path);
    if (folder === undefined) {
      folder = this.#read(path);
      this.#byPath.set(path, folder);
    }
    return folder;
  }

  /** The package that a folder belongs to. */
  around(folder: string): PackageFolder | null {
    for (let path = folder; this.#files.isWithin(path); path = dirname(path)) {
      const found = this.at(path);
      if (found !== null) return found;
      if (path === dirname(path)) break;
    }
    return null;
  }

  /** The nearest node_modules/`name` at or above `folder`; one without package.json counts too. */
  find(name: string, folder: string): PackageFolder | "outside" | null {
    for (let path = folder; ; path = dirname(path)) {
      const seen = this.#files.look(join(path, "node_modules", name));
      if (seen !== null && !seen.isFile) return this.#files.nameOf(seen.realPath) === null ? "outside" : (this.at(seen.realPath) ?? { path: seen.realPath, manifest: {} });
      if (path === dirname(path)) return null;
    }
  }

  #read(path: string): PackageFolder | null {
    const seen = this.#files.look(join(path, "package.json"));
    if (seen === null || !seen.isFile || this.#files.nameOf(seen.realPath) === null) return null;
    try {
      const manifest: unknown = JSON.parse(this.#files.readText(seen.realPath, MAX_MANIFEST_BYTES));
      return typeof manifest === "object" && manifest !== null ? { path, manifest: manifest as PackageFolder["manifest"] } : null;
    } catch {
      return null;
    }
  }
}
