/**
 * Single keys of the terminal, as they are pressed. What the terminal does with a line of its own accord is done here meanwhile: Ctrl+C, Ctrl+\ and Ctrl+Z are
 * signals, to all of the foreground's processes, as ever. The terminal is given back whenever the process stops or ends.
 */
import { readFileSync } from "node:fs";

const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = { "\u0003": "SIGINT", "\u001c": "SIGQUIT" };
const SUSPEND = "\u001a";
/** Nobody is told of coming to the foreground, nor of a stop that did not happen because no shell is there to end it. */
const LOOK_MS = 300;
/** The terminal controls no processes. */
const NOBODY = "-1";
/** The process group of whoever calls. */
const ALL_IN_FOREGROUND = 0;

/** Calls `listener` with each key. Returns how to give the terminal back for good. */
export function listenToKeys(listener: (key: string) => void): () => void {
  const { stdin } = process;
  let isOn = false;
  const turn = (on: boolean): void => {
    if (on === isOn || (on && !isInForeground())) return;
    isOn = on;
    stdin.setRawMode(on);
    if (on) stdin.resume();
    else stdin.pause();
  };
  const onData = (text: string): void => {
    // Function keys and pasted text come in one piece, and mean nothing here.
    if (text.length > 1 && text.startsWith("\u001b")) return;
    for (const key of text) {
      const signal = SIGNALS[key];
      if (signal !== undefined) process.kill(ALL_IN_FOREGROUND, signal);
      else if (key === SUSPEND) suspend();
      else listener(key);
    }
  };
  const suspend = (): void => {
    turn(false);
    process.kill(ALL_IN_FOREGROUND, "SIGTSTP");
  };
  const onContinue = (): void => {
    // Whoever was in between may have left the terminal in any mode.
    isOn = false;
    turn(true);
  };
  const giveBack = (): void => turn(false);
  const look = setInterval(() => turn(true), LOOK_MS);
  look.unref();
  stdin.setEncoding("utf8");
  stdin.on("data", onData);
  stdin.pause();
  process.on("SIGCONT", onContinue);
  process.on("exit", giveBack);
  turn(true);
  return () => {
    clearInterval(look);
    giveBack();
    stdin.off("data", onData);
    process.off("SIGCONT", onContinue);
    process.off("exit", giveBack);
  };
}

/** Reading the terminal, or changing how it works, from the background would stop the process. Where the system does not tell, nobody is in the background. */
export function isInForeground(): boolean {
  try {
    const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "").split(" ");
    return foreground === NOBODY || group === foreground;
  } catch {
    return true;
  }
}
