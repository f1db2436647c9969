/** Writes docs/wrangler.md: what nano does with each key of a wrangler file, from the catalogue. `bun scripts/wrangler-page.ts` */
import { fileURLToPath } from "node:url";
import { type WranglerKey, wranglerKeys } from "../src/config/wrangler/keys.ts";
import { limits } from "../src/limits.ts";

export const WRANGLER_PAGE = fileURLToPath(new URL("../docs/wrangler.md", import.meta.url));

/** What nano does with those that it reads. */
const READ: Readonly<Record<string, string>> = {
  name: "the app's name, and `http://<name>.localhost` in `nano dev`; in an environment without a name of its own `<name>-<environment>`. Unless set, the folder's",
  main: "the file that the app starts with. The folder of the wrangler file is the app's, or the folder around both: imports may lead anywhere in it",
  compatibility_date: "accepted: nano has one behaviour, that of new dates",
  compatibility_flags: "`nodejs_compat` and `nodejs_compat_v2`: `process`, `Buffer`, `global`, `setImmediate` and `clearImmediate` are globals, if a module of the app mentions them. The [modules of node:](node-modules.md) are there without it. `python_workers` is refused, others are accepted",
  node_compat: "the same as `nodejs_compat`",
  route: "its host is a hostname of the app; a path that is not `/*` is told: nano routes by host",
  routes: "the same for several; `*example.com` is the host and all below it",
  assets: "[static files](static-assets.md): `directory`, `binding`, `html_handling`, `not_found_handling`, `run_worker_first`. Without `main` the app is these files alone",
  triggers: "nothing runs by the clock, which is told; `scheduled` is called by hand, see below",
  limits: `\`cpu_ms\` (${limits.cpu_ms.least} to ${limits.cpu_ms.most} here) and \`subrequests\` (at most ${limits.subrequests.most}); what is beyond is told and bounded`,
  rules: "`Text` is a string, `Data` an ArrayBuffer; `CompiledWasm` is refused at the import; `ESModule` and `CommonJS` are found out without a rule. `fallthrough` makes no difference: rules come first, endings that nano knows after them",
  build: "`command` is not run, which is told: run it beside nano, which reads what it makes and follows that",
  tsconfig: "the file whose `paths`, `baseUrl` and JSX settings hold, with what it extends",
  jsx_factory: "holds where tsconfig.json says nothing of JSX",
  jsx_fragment: "the same",
  define: "replaced in the code: JSON, a text in quotes of its own, or another name",
  vars: "`env`: texts and JSON",
  secrets: "`required` names variables: in `nano dev` one that is nowhere is an error, `nano serve` takes them from its environment",
  alias: "modules found under another name, in packages too",
  dev: "`port` and `ip`, in `nano dev` alone",
  env: "environments, see below",
  site: "told: `assets` are what serves files. `entry-point` is read where there is no `main`",
  pages_build_output_dir: "a Pages project: the folder's files, and `_worker.js` in it, which gets every request and `env.ASSETS`. A folder `functions/` is refused, with the command that makes `_worker.js` of it",
};

const keysThat = <T extends WranglerKey>(does: T["does"]): [string, T][] => Object.entries(wranglerKeys).filter((entry): entry is [string, T] => entry[1].does === does);
const code = (name: string): string => `\`${name}\``;

export function wranglerPage(): string {
  const unsaid = keysThat("read").filter(([key]) => READ[key] === undefined);
  if (unsaid.length > 0) throw new Error(`the page says nothing of ${unsaid.map(([key]) => key).join(", ")}`);
  return `# Projects with a wrangler file

<!-- Written by scripts/wrangler-page.ts from the catalogue of keys: change those. -->

\`nano dev\` in the folder of a Workers project serves it as it is. It reads \`wrangler.json\`, \`wrangler.jsonc\` and \`wrangler.toml\`, the first that is there, where there is no \`nano.json\`. Nothing is passed over in
silence: what nano lacks, does in another way or does not know is told at the start, with file, line and column.

\`\`\`
nano dev                             # the wrangler file that lies here
nano dev ./worker                    # in another folder
nano dev wrangler.toml --env staging # an environment
nano check                           # says the same, and loads the app
nano serve --env nano                # in production
\`\`\`

\`nano serve\` reads it as well, follows it and refuses what lacks. Environments do not inherit bindings, so that \`[env.nano]\` without any is a way to serve a project of which parts need Cloudflare. It reads no
\`.dev.vars\`; the admin API changes such an app until nano ends, and writes nothing to the file. For more than one app, and for keys that wrangler does not have, there is [nano.json](configuration.md).

A wrangler file is a config: whoever writes it chooses what is served, and \`main\` and \`assets\` may lead out of its folder. Read it before you serve somebody else's.

## Environments

\`--env staging\` takes \`env.staging\`, as wrangler does: ${keysThat<WranglerKey & { does: "read" }>("read").filter(([, { scope }]) => scope === "own").map(([key]) => code(key)).join(", ")} and all bindings have to be said in the environment again,
everything else holds from the top level unless the environment says it. What it does not inherit although the top level has it is told.

## Variables

\`nano dev\` reads \`.dev.vars.<env>\`, or else \`.dev.vars\`, beside the wrangler file; where there is neither, \`.env\`, \`.env.<env>\`, \`.env.local\` and \`.env.<env>.local\`, the last one winning. They win over \`vars\`, and
\`--var KEY=VALUE\` wins over all. Changes of these files and of the wrangler file hold once they are saved, without a restart.

## Keys that are read

| key | |
|---|---|
${keysThat("read").map(([key]) => `| ${code(key)} | ${READ[key]} |`).join("\n")}

## Bindings that nano lacks

All of them are told in one message at the start. The app runs; \`env\` has them, and the first use of one is an error that names it. A variable of the same name in \`.dev.vars\` takes its place.

| key | what it is |
|---|---|
${keysThat<WranglerKey & { does: "binding"; called: string }>("binding").map(([key, { called }]) => `| ${code(key)} | ${called} |`).join("\n")}

Consumers of \`queues\` are told as well: nothing calls \`queue()\`.

## Keys that are told

| key | |
|---|---|
${keysThat<WranglerKey & { does: "told"; message: string; hint?: string }>("told").map(([key, { message, hint }]) => `| ${code(key)} | ${message}${hint === undefined ? "" : `: ${hint}`} |`).join("\n")}

## Keys that say nothing here

They say how Cloudflare deploys, places and shows an app: ${keysThat("idle").map(([key]) => code(key)).join(", ")}.

Any other key is told as unknown, with the one that may have been meant.

## scheduled()

Nothing runs by the clock. In \`nano dev\`, as in \`wrangler dev\`, it is called by hand:

\`\`\`
curl "http://localhost:3000/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*"
\`\`\`

\`cron\` and \`time\` (milliseconds) are what the handler gets, else \`* * * * *\` and now. The answer is \`ok\`, or the error with its place. It reaches \`scheduled\` of the default export, of a class, and listeners of
\`addEventListener("scheduled", …)\`. In \`nano serve\` the path is the app's like any other: a clock outside can ask the app by a URL of its own.

## Code

- Modules and service workers: \`export default\` of an object, a class (\`WorkerEntrypoint\`) or a function, or \`addEventListener("fetch", …)\`, for which \`vars\` are globals too.
- TypeScript, JSX (\`jsxImportSource\` of tsconfig.json), \`paths\`, \`#imports\` of package.json, npm packages with the conditions \`workerd\`, \`worker\` and \`browser\`.
- Packages of the workspace (npm, pnpm, Yarn, Bun) that package.json names: the folder around them and the project is the app's then.
- Imports of JSON, and of \`.txt\`, \`.html\`, \`.sql\`, \`.md\`, \`.css\`, \`.svg\` and the like as text; \`.bin\` as an ArrayBuffer; any file as text with \`?raw\`. \`import()\` of files of the app, also by a name that begins with a folder
  and is made at run time: \`\` import(\`./languages/\${code}.ts\`) \`\` stands for all files that it can name.
- \`cloudflare:workers\` has \`env\`, \`WorkerEntrypoint\`, \`DurableObject\`, \`WorkflowEntrypoint\` and \`RpcTarget\`. The other modules of \`cloudflare:\` are refused by name.
- WebAssembly is refused by the import that asks for it: nano's isolates are WebAssembly themselves.
`;
}

if (import.meta.main) await Bun.write(WRANGLER_PAGE, wranglerPage());
