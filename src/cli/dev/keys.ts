/** The keys of `nano dev` on a terminal. */
import { spawn } from "node:child_process";
import type { AppRegistry } from "../../apps/registry.ts";
import type { Terminal } from "../command.ts";
import type { Page } from "./page.ts";
import type { Paint } from "./paint.ts";
import { detailsPanel, envPanel, helpPanel, limitsPanel } from "./panels.ts";
import type { Usage } from "./usage.ts";

export interface KeyOptions {
  readonly terminal: Terminal;
  readonly registry: AppRegistry;
  readonly usage: Usage;
  readonly page: Page;
  readonly paint: Paint;
  readonly url: string;
  readonly reload: () => Promise<void>;
  readonly quit: () => void;
}

/** Ctrl+D: the end of input. */
const END = "\u0004";
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = { darwin: ["open"], win32: ["cmd", "/c", "start", ""] };

/** Returns how to give the terminal back. */
export function followKeys({ terminal, registry, usage, page, paint, url, reload, quit }: KeyOptions): () => void {
  const configs = () => registry.apps.map(({ config }) => config);
  const actions: Readonly<Record<string, () => void>> = {
    o: () => openInBrowser(url, (why) => page.show(paint.dim(`cannot open a browser (${why}): ${url}\n`))),
    r: () => void reload(),
    c: () => page.clear(),
    e: () => page.show(envPanel(configs(), paint)),
    l: () => page.show(limitsPanel(configs(), usage, paint)),
    d: () => page.show(detailsPanel(usage.last, paint)),
    h: () => page.show(helpPanel(paint)),
    "?": () => page.show(helpPanel(paint)),
    // Room between what was and what comes, as in any shell.
    "\r": () => page.show("\n"),
    "\n": () => page.show("\n"),
    q: quit,
    [END]: quit,
  };
  return terminal.onKey((key) => actions[key.length === 1 ? key.toLowerCase() : key]?.());
}

function openInBrowser(url: string, onFailure: (why: string) => void): void {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", (error) => onFailure((error as { code?: string }).code === "ENOENT" ? `${command} is not installed` : error.message));
  child.on("exit", (code) => {
    if (code !== 0) onFailure(`${command} ended with ${code}`);
  });
  child.unref();
}
