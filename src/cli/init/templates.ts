/** What `nano init` can make. The files are those of `templates/<name>`, with `.gitignore` beside them. */

export interface Template {
  readonly name: string;
  readonly summary: string;
}

export const TEMPLATES: readonly Template[] = [
  { name: "hello", summary: "one handler, in TypeScript" },
  { name: "api", summary: "a JSON API and a page, with Hono" },
  { name: "stream", summary: "streams: server-sent events, a transform" },
  { name: "static", summary: "a folder of static files, and an API beside it" },
];

/** What the app is called in the templates. */
const PLACEHOLDER = "nano-app";
const FOLDER = "templates/";

export interface AppFiles {
  /** Text by path, relative to the app's folder. */
  readonly files: ReadonlyMap<string, string>;
  /** It runs only once its packages are there. */
  readonly needsInstall: boolean;
}

/** `written`: see `Artifacts.writtenFiles`. `packages`: more packages for the app's development, by version. */
export function filesOfTemplate(written: Readonly<Record<string, string>>, template: string, name: string, packages: Readonly<Record<string, string>>): AppFiles {
  const prefix = `${FOLDER}${template}/`;
  const files = new Map<string, string>([[".gitignore", written[`${FOLDER}gitignore`] ?? ""]]);
  for (const [path, text] of Object.entries(written)) if (path.startsWith(prefix)) files.set(path.slice(prefix.length), text.replaceAll(PLACEHOLDER, name));
  const [home] = Object.keys(packages);
  // The package has the schema of the config, for editors.
  if (home !== undefined) files.set("nano.json", (files.get("nano.json") ?? "").replace("{\n", `{\n  "$schema": "./node_modules/${home}/nano.schema.json",\n`));
  const manifest = JSON.parse(files.get("package.json") ?? "{}") as { dependencies?: object; devDependencies?: object };
  if (Object.keys(packages).length > 0) files.set("package.json", `${JSON.stringify({ ...manifest, devDependencies: { ...packages, ...manifest.devDependencies } }, null, 2)}\n`);
  return { files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), needsInstall: Object.keys(manifest.dependencies ?? {}).length > 0 || Object.keys(packages).length > 0 };
}
