/** An invocation as the crypto room sees it, without an isolate. */
import type { InvocationLimits, OpContext } from "../../../../src/isolate/invocation.ts";
import { Resources } from "../../../../src/isolate/resources.ts";

export class Guest {
  readonly app: string;
  readonly resources: Resources;
  fuel = 0;

  constructor(app = "app") {
    this.app = app;
    let rid = 0;
    this.resources = new Resources({ nextRid: () => ++rid });
  }

  get context(): OpContext {
    const limits = { kdfIterations: 600_000 } as InvocationLimits;
    const charge = (fuel: number) => {
      this.fuel += fuel;
    };
    return { invocation: { app: this.app, resources: this.resources, limits }, charge } as unknown as OpContext;
  }
}

export const hex = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
export const text = (value: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(value));

/** The name that the guest will see. */
export async function failure(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === "function" ? work() : work);
    return "none";
  } catch (error) {
    return (error as { guestName?: string }).guestName ?? `a fault: ${error}`;
  }
}
