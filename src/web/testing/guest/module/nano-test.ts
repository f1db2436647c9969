/** `nano:test`: what a test file imports. Bundled into test files alone, as the node: modules are into the apps that import them. */
import { clearAllMocks, fn, isMockFunction, resetAllMocks, restoreAllMocks, spyOn } from "@vitest/spy";
import { App } from "./app.ts";
import { envOf } from "./compatible.ts";
import { ops } from "./door.ts";
import { run } from "./runner.ts";

export { clock } from "./clock.ts";
export { afterAll, afterEach, beforeAll, beforeEach, describe, describe as suite, test, test as it } from "./declare.ts";
export { expect } from "./expect.ts";
export { fn, spyOn };

/** The app that lies beside the test file. */
export const app = new App(() => ops.app_open(null));

/** An app of the configuration, by its name. */
export function appNamed(name: string): App {
  return new App(() => ops.app_open(name));
}

export { createExecutionContext, vi, vi as jest, waitOnExecutionContext } from "./compatible.ts";
export const env = envOf(app);
export const SELF = app;

/** Mocks under the names that Vitest has for them. */
export const mock = { fn, spyOn, isMockFunction, clearAll: clearAllMocks, resetAll: resetAllMocks, restoreAll: restoreAllMocks };

// Assertions go through many functions before they fail.
(Error as unknown as { stackTraceLimit: number }).stackTraceLimit = 50;
void run();
