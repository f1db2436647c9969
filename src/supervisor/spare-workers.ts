/** Worker processes that are started before anybody knows what they are to serve: they come up, and warm the engine, while the config is read. */
import { type ChildProcess, spawn } from "node:child_process";
import { ENGINE_OPTIONS } from "../config/environment.ts";

/** What the process asks for when it starts another: not for people, and in no help. */
export const WORKER_COMMAND = "worker";

export class SpareWorkers {
  readonly #children: ChildProcess[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, spawnWorker);
  }

  /** One of them, or a new one. */
  take(): ChildProcess {
    for (let child = this.#children.shift(); child !== undefined; child = this.#children.shift()) if (child.exitCode === null && child.signalCode === null) return child;
    return spawnWorker();
  }

  /** Ends those that nobody took. */
  close(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
  }
}

function spawnWorker(): ChildProcess {
  // A clean environment: nothing that the operator's shell has set reaches a process that runs apps.
  const child = spawn(process.execPath, [WORKER_COMMAND], { env: { ...ENGINE_OPTIONS }, cwd: "/", stdio: ["pipe", "pipe", "inherit", "pipe"] });
  // Whoever takes it learns of it by itself.
  child.on("error", () => {});
  return child;
}
