/** `npm start`: builds the executable when its sources are newer, and serves examples/hello with it. Arguments go to nano: `npm start -- --port 8080`. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NANO = join(ROOT, "dist", "nano");

function isStale(): boolean {
  if (!existsSync(NANO)) return true;
  const built = statSync(NANO).mtimeMs;
  return [...new Bun.Glob("{src,build}/**/*.ts").scanSync(ROOT), "package.json"].some((file) => statSync(join(ROOT, file)).mtimeMs > built);
}

async function run(command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ["inherit", "inherit", "inherit"] });
  // Ctrl+C reaches the child as well, and a second signal would end it at once.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return child.exited;
}

if (isStale()) {
  const status = await run([process.execPath, "build/build.ts"]);
  if (status !== 0) process.exit(status);
}
const given = process.argv.slice(2);
const portAt = given.findIndex((argument) => argument === "--port" || argument === "-p");
const port = (portAt < 0 ? process.env["NANO_PORT"] : given[portAt + 1]) || "3000";
console.log(`
Try, in another terminal:
  curl http://127.0.0.1:${port}/?name=you
  curl -H 'Host: counter.localhost' http://127.0.0.1:${port}/
  curl -H 'Host: counter.localhost' http://127.0.0.1:${port}/spin     # ended at 100 ms of CPU; nobody else notices
Ctrl+C stops it. To serve an app of your own: dist/nano dev app.js
`);
process.exit(await run([NANO, "serve", "--config", "examples/hello/nano.json", "--log-format", "text", ...given]));
