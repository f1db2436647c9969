/** The static files of an app, as its config says them, and what it may not say about them. */
import { realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { AssetsSettings } from "../bindings/assets/settings.ts";
import { problem, type Problem } from "../errors.ts";
import { type Document, fieldName, type Path } from "./positions.ts";
import { FOREIGN_KEYS, type RawApp } from "./schema.ts";

const PATH_EXAMPLE = '"path": "./app.js", the app\'s file or folder';

type Loose = Readonly<Record<string, unknown>>;

export function assetsOf({ assets }: Pick<RawApp, "assets">, folder: string): AssetsSettings | null {
  if (assets === undefined) return null;
  const { directory, binding, html_handling, not_found_handling, run_worker_first } = assets;
  return {
    directory: resolve(folder, directory),
    binding: binding ?? null,
    htmlHandling: html_handling ?? "auto-trailing-slash",
    notFoundHandling: not_found_handling ?? "none",
    runWorkerFirst: run_worker_first ?? false,
  };
}

/** Of every app, well formed or not, so that these problems are told along with those of the shape. `folder`: where the config is. */
export function assetsProblems(document: Document, folder: string): Problem[] {
  const { apps } = document.value as Loose;
  return (Array.isArray(apps) ? apps : []).flatMap((app, i) => (isLoose(app) ? problemsOf(document, app, ["apps", i], folder) : []));
}

function problemsOf(document: Document, app: Loose, path: Path, folder: string): Problem[] {
  const { assets } = app;
  const isMisnamed = Object.keys(app).some((key) => FOREIGN_KEYS[key] === "path");
  const hasCode = app["path"] !== undefined || isMisnamed;
  if (!isLoose(assets)) return hasCode || assets !== undefined ? [] : [problem("key_missing", { key: "path", example: PATH_EXAMPLE }, { ...document.place(path), field: fieldName([...path, "path"]) })];
  const problems: Problem[] = [];
  const { directory, binding } = assets;
  if (typeof directory === "string" && isWithin(realPathOf(resolve(folder, directory)), realPathOf(folder))) problems.push(document.problem("assets_exposed", undefined, [...path, "assets", "directory"]));
  if (!hasCode)
    for (const key of ["binding", "run_worker_first"]) if (assets[key] !== undefined) problems.push(document.problem("assets_without_code", { key }, [...path, "assets", key], { ofKey: true }));
  for (const key of ["env", "secrets"]) {
    const variables = app[key];
    if (typeof binding === "string" && isLoose(variables) && Object.hasOwn(variables, binding))
      problems.push(document.problem("assets_binding_taken", { name: binding, place: document.nameOf([...path, key, binding]) }, [...path, "assets", "binding"]));
  }
  return problems;
}

/** As it is written where there is nothing yet. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether `inner` is `outer` or lies in it. */
function isWithin(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === "" || (!way.startsWith("..") && way !== inner && join(outer, way) === inner);
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
