/** HKDF and PBKDF2, in the thread pool. */
import { hkdf, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import type { OpContext } from "../../../isolate/invocation.ts";
import type { Handlers } from "../../../isolate/op.ts";
import type { cryptoOps } from "../ops.ts";
import { operationError, orOperationError } from "./failure.ts";
import { hashOf } from "./hashes.ts";
import type { HeavyWork } from "./heavy-work.ts";
import { keep } from "./kept.ts";

const hkdfAsync = promisify(hkdf);
const pbkdf2Async = promisify(pbkdf2);

/** PBKDF2 iterates once for each block of its output: that much of the limit on iterations all blocks together may use. */
const MAX_TIMES_LIMIT = 4;
const HKDF_MAX_BLOCKS = 255;

type Ops = "crypto_hkdf" | "crypto_pbkdf2";

export function createKeyDerivationHost(work: HeavyWork): Pick<Handlers<typeof cryptoOps, OpContext>, Ops> {
  return {
    async crypto_hkdf(ctx, name, key, salt, info, length) {
      const hash = hashOf(name);
      const blocks = Math.ceil(length / hash.bytes);
      if (blocks > HKDF_MAX_BLOCKS) throw operationError(`HKDF gives at most ${HKDF_MAX_BLOCKS * hash.bytes} bytes with ${name}`);
      const held = key.byteLength + salt.byteLength + info.byteLength;
      const fuel = (key.byteLength + salt.byteLength + blocks * info.byteLength) * hash.fuelPerByte + blocks * 2 * hash.fuelPerIteration;
      if (length === 0) return keep(ctx, new Uint8Array(0));
      const job = () => orOperationError("the key cannot be derived", async () => new Uint8Array(await hkdfAsync(hash.id, key, salt, info, length)));
      return keep(ctx, work.inPool(ctx, fuel, held, job));
    },
    async crypto_pbkdf2(ctx, name, password, salt, iterations, length) {
      const hash = hashOf(name);
      const most = ctx.invocation.limits.kdfIterations;
      if (iterations > most) throw operationError(`PBKDF2: ${iterations} iterations are more than kdf_iterations, which allows ${most}`);
      const blocks = Math.ceil(length / hash.bytes);
      if (blocks * iterations > most * MAX_TIMES_LIMIT) throw operationError("PBKDF2: so many bytes take more iterations than kdf_iterations allows");
      const fuel = (password.byteLength + blocks * salt.byteLength) * hash.fuelPerByte + blocks * iterations * hash.fuelPerIteration;
      if (length === 0) return keep(ctx, new Uint8Array(0));
      const job = () => orOperationError("the key cannot be derived", async () => new Uint8Array(await pbkdf2Async(password, salt, iterations, length, hash.id)));
      return keep(ctx, work.inPool(ctx, fuel, password.byteLength + salt.byteLength + length, job));
    },
  };
}
