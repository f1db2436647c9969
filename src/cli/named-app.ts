/** An app that was named on the command line. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { configOfApp, type SingleAppOptions } from "../config/single-app.ts";
import { OperatorError } from "../errors.ts";

/** The config of that app alone. What is not there is told now and not at the first request. */
export async function configOfNamedApp(command: string, cwd: string, options: SingleAppOptions): Promise<Config> {
  await mustExist(command, cwd, options.path);
  return configOfApp(cwd, options);
}

export async function mustExist(command: string, cwd: string, path: string): Promise<void> {
  const found = await stat(resolve(cwd, path)).catch(() => null);
  if (found === null) throw new OperatorError({ file: path, message: "there is no such file or folder", hint: `name a file or folder that is there: nano ${command} app.js` });
}
