/** Code that runs once instead of waiting for requests: `nano run`, `nano eval`, the REPL. The same isolate, limits and rooms as an app's. */
import { type AppConfig, variablesOf } from "../config/config.ts";
import type { GuestFailure, Kill } from "../isolate/invocation.ts";
import { Isolate } from "../isolate/isolate.ts";
import { Account } from "../isolate/scheduler.ts";
import { mapStack } from "./load/map-stack.ts";
import type { MappedCode } from "./load/source-map.ts";
import type { RevisionServices } from "./revision.ts";
import { enterRooms } from "../web/room-scan.ts";

/** Without failure and kill, what went wrong has been logged: an exception or a rejection that nobody handled. */
export type ScriptResult = { readonly isOk: true } | { readonly isOk: false; readonly failure: GuestFailure | null; readonly kill: Kill | null };

const POLL_MS = 2;

export class Script {
  readonly #services: RevisionServices;
  readonly #config: AppConfig;
  readonly #account: Account;
  readonly #mapStack: (stack: string) => string;
  #isolate: Isolate | null = null;
  #kill: Kill | null = null;

  /** `code`: where the positions of stacks lie; null for those of the code that is run. */
  constructor(services: RevisionServices, config: AppConfig, code: MappedCode | null = null) {
    this.#services = services;
    this.#mapStack = (stack) => mapStack(stack, code);
    this.#config = config;
    this.#account = new Account(config.name);
  }

  /**
   * Evaluates `code` as an ES module and lets its timers and fetches finish. Later calls see the globals of earlier ones, until a limit ends the isolate. An isolate
   * that was ended is replaced by a fresh one at the next call.
   */
  async run(code: string, file: string, doorName: string | null = null): Promise<ScriptResult> {
    const isolate = this.#open();
    let failure: GuestFailure | null = null;
    let isUncaught = false;
    await new Promise<void>((over) => {
      const invocation = isolate.open({
        requestId: "script",
        app: this.#config.name,
        limits: this.#config.limits,
        onAnswer: () => void this.#finishWhenQuiet(isolate, invocation),
        onFailure: (outcome, guest) => {
          failure = guest ?? { name: outcome, message: "", stack: "" };
          invocation.finish();
        },
        onUncaught: () => {
          isUncaught = true;
          invocation.finish();
        },
        onOver: () => over(),
      });
      invocation.enter("env", JSON.stringify(variablesOf(this.#config)));
      enterRooms(invocation, code);
      if (doorName !== null) invocation.enter("door", doorName);
      isolate.evaluate(invocation, code, file, "script");
    });
    return failure === null && this.#kill === null && !isUncaught ? { isOk: true } : { isOk: false, failure, kill: this.#kill };
  }

  close(): void {
    this.#isolate?.dispose();
    this.#isolate = null;
  }

  #open(): Isolate {
    this.#kill = null;
    this.#isolate ??= new Isolate({
      host: this.#services.host,
      snapshot: this.#services.bases.plain,
      account: this.#account,
      memoryBytes: this.#config.limits.memoryBytes,
      mapStack: this.#mapStack,
      onCondemned: (kill) => {
        this.#kill = kill;
        this.#isolate = null;
      },
    });
    return this.#isolate;
  }

  async #finishWhenQuiet(isolate: Isolate, invocation: ReturnType<Isolate["open"]>): Promise<void> {
    while (!invocation.isOver && (isolate.isBusy || invocation.pendingCalls > 0 || invocation.resources.size > 0)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    invocation.finish();
  }
}
