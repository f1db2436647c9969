/** Results that wait on the host until the guest takes them, see `ops.ts`. */
import type { OpContext } from "../../../isolate/invocation.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const KEPT = "crypto-result";

export const keep = async (ctx: OpContext, result: Promise<Bytes> | Bytes): Promise<number> => {
  const bytes = await result;
  return ctx.invocation.resources.add(KEPT, bytes);
};

export function take({ invocation: { resources } }: OpContext, rid: number): Bytes {
  const bytes = resources.get<Bytes>(rid, KEPT);
  resources.close(rid);
  return bytes;
}
