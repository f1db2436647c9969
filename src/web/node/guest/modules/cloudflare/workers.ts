/** cloudflare:workers (https://developers.cloudflare.com/workers/runtime-apis/): the part of it that an app has without Cloudflare. */
import { door } from "../../door.ts";

export const env: object = door.env;

/** A default export of this kind is made anew for every event. */
export class WorkerEntrypoint {
  protected readonly ctx: unknown;
  protected readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** Exported by apps beside their handler; nano never makes one. */
export class DurableObject extends WorkerEntrypoint {}
export class WorkflowEntrypoint extends WorkerEntrypoint {}
export class RpcTarget {}
