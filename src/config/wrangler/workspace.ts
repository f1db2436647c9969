/** Packages of a workspace that an app depends on: package managers link them into node_modules, and they lie beside the app. The app's folder is then the one around them. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { isLoose } from "./placed-data.ts";

/** Folders of workspace packages that `folder` needs, directly or by others of them. Empty outside a workspace. */
export function linkedPackages(folder: string): readonly string[] {
  const workspace = workspaceAround(folder);
  const found = new Set<string>();
  const waiting = workspace === null ? [] : [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const name of dependenciesOf(next)) {
      const path = linkOf(name, next);
      // Only what the workspace holds: a link may lead anywhere.
      if (path === null || found.has(path) || workspace === null || !isInside(workspace, path) || path.split(sep).includes("node_modules")) continue;
      found.add(path);
      waiting.push(path);
    }
  return [...found];
}

/** https://docs.npmjs.com/cli/using-npm/workspaces, https://pnpm.io/workspaces */
function workspaceAround(folder: string): string | null {
  for (let path = dirname(folder); path !== dirname(path); path = dirname(path)) if (existsSync(join(path, "pnpm-workspace.yaml")) || manifestOf(path)["workspaces"] !== undefined) return path;
  return null;
}

function dependenciesOf(folder: string): readonly string[] {
  const manifest = manifestOf(folder);
  return ["dependencies", "devDependencies", "peerDependencies"].flatMap((key) => (isLoose(manifest[key]) ? Object.keys(manifest[key]) : [])).filter((name) => /^(?:@[\w.-]+\/)?[\w-][\w.-]*$/.test(name));
}

function manifestOf(folder: string): Readonly<Record<string, unknown>> {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return isLoose(manifest) ? manifest : {};
  } catch {
    return {};
  }
}

/** Where the nearest package of that name really is. */
function linkOf(name: string, folder: string): string | null {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return realpathSync(join(path, "node_modules", name));
    } catch {
      if (path === dirname(path)) return null;
    }
  }
}

const isInside = (folder: string, path: string): boolean => path.startsWith(folder + sep);
