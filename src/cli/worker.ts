/** A worker of `nano serve`. The supervisor starts it; in no help, because nobody else has a use for it. */
import { fstatSync } from "node:fs";
import { loadArtifacts } from "../artifacts.ts";
import { EXIT } from "../errors.ts";
import { WORKER_COMMAND } from "../supervisor/spare-workers.ts";
import { CHANNEL_FD, runWorker } from "../supervisor/worker-process.ts";
import { type Command, UsageError } from "./command.ts";

export const worker: Command = {
  name: WORKER_COMMAND,
  summary: "Serve for a supervisor",
  usage: WORKER_COMMAND,
  examples: [],
  flags: {},
  maxPositionals: 0,
  async run(_args, { terminal, artifacts }) {
    if (!isSocket(CHANNEL_FD)) throw new UsageError("nano worker is started by nano serve, not by hand");
    // Signals reach whole process groups: the supervisor is told as well, and says what is to be done.
    terminal.onSignal(() => {});
    terminal.onHangup(() => {});
    // While the supervisor is told of us.
    const loaded = artifacts().then(loadArtifacts);
    loaded.catch(() => {});
    await runWorker({ artifacts: () => loaded, onInput: terminal.onInput, onFault: terminal.onFault });
    return EXIT.ok;
  },
};

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
