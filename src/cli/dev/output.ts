/** Where `nano dev` writes, and in which form: lines for people, or a log for machines. */
import type { Config } from "../../config/config.ts";
import { createLog } from "../../observe/log.ts";
import { LogWriter } from "../../observe/log-writer.ts";
import type { Observer } from "../../observe/observer.ts";
import type { Arguments, CommandContext } from "../command.ts";
import { createDevObserver } from "./observer.ts";
import { Page } from "./page.ts";
import { createPaint, type Paint } from "./paint.ts";

export interface Output {
  readonly writer: LogWriter;
  /** For people alone. */
  readonly page: Page;
  readonly paint: Paint;
  readonly log: Observer;
  readonly isForMachines: boolean;
}

/** `names`: of the apps that are served. */
export function createOutput(args: Arguments, { terminal, environment }: CommandContext, { log: settings }: Config, names: () => readonly string[]): Output {
  const writer = new LogWriter(1);
  const isForMachines = args.text("log-format") !== undefined || environment.logFormat !== undefined;
  const paint = createPaint(terminal.hasColor);
  const columns = () => (terminal.isInteractive ? terminal.columns() : null);
  const page = new Page({ write: writer.write, columns, dim: paint.dim });
  const log = isForMachines ? createLog({ ...settings, write: writer.write, now: () => Date.now() }) : createDevObserver({ page, paint, columns, names });
  return { writer, page, paint, log, isForMachines };
}
