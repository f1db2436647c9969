/** Waits for the signal to stop. A second one ends the process at once, whatever is still going on. */
import type { Terminal } from "./command.ts";

export interface Stop {
  readonly signal: Promise<string>;
  /** Whether the signal has come. */
  readonly isAsked: boolean;
  /** As if it had come. */
  ask(signal: string): void;
}

/** `atOnce`: the last thing to do when there is no time. */
export function stopSignal(terminal: Terminal, atOnce: () => void): Stop {
  const asked = Promise.withResolvers<string>();
  let isAsked = false;
  const ask = (signal: string): void => {
    if (isAsked) {
      atOnce();
      terminal.exit(0);
    }
    isAsked = true;
    asked.resolve(signal);
  };
  terminal.onSignal(ask);
  return {
    signal: asked.promise,
    ask,
    get isAsked() {
      return isAsked;
    },
  };
}
