/** The files that commands write for people: templates of apps and type declarations, as one JSON text of path and content. The real files are in `templates/` and `types/`. */
import { join } from "node:path";

/** Paths relative to `root`, with `/`. */
export async function collectWrittenFiles(root: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const pattern of ["templates/**/*", "types/*.d.ts"])
    for (const path of [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true })].sort()) files[path] = await Bun.file(join(root, path)).text();
  return files;
}
