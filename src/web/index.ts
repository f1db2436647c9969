/** CATALOGUE of the rooms of the web platform, host side. The guest side is `guest.ts`. */
import { availableParallelism } from "node:os";
import type { ByteBudget } from "../base/byte-pipe.ts";
import type { OpContext } from "../isolate/invocation.ts";
import type { Handlers } from "../isolate/op.ts";
import { type Room, room } from "../isolate/op-table.ts";
import { createCacheHost } from "./cache/host.ts";
import { cacheOps } from "./cache/ops.ts";
import type { CacheStore } from "./cache/store.ts";
import { compressionHost } from "./compression/host.ts";
import { compressionOps } from "./compression/ops.ts";
import { createConsoleHost, type LogSink } from "./console/host.ts";
import { consoleOps } from "./console/ops.ts";
import { createCryptoHost } from "./crypto/host.ts";
import { cryptoOps } from "./crypto/ops.ts";
import { ecmascriptHost } from "./ecmascript/host.ts";
import { ecmascriptOps } from "./ecmascript/ops.ts";
import { encodingHost } from "./encoding/host.ts";
import { encodingOps } from "./encoding/ops.ts";
import { createAnswerHandlers } from "./fetch/host/answer-ops.ts";
import { fetchOps } from "./fetch/ops.ts";
import { formDataHost } from "./form-data/host.ts";
import { formDataOps } from "./form-data/ops.ts";
import { createInfraHost } from "./infra/host.ts";
import { infraOps } from "./infra/ops.ts";
import { intlHost } from "./intl/host.ts";
import { intlOps } from "./intl/ops.ts";
import { nodeHost } from "./node/host.ts";
import { nodeOps } from "./node/ops.ts";
import { createPerformanceHost, type GuestClock } from "./performance/host.ts";
import { performanceOps } from "./performance/ops.ts";
import { refusedTesting } from "./testing/host.ts";
import { testingOps } from "./testing/ops.ts";
import { createTimersHost, realTimers, type TimerService } from "./timers/host.ts";
import { timersOps } from "./timers/ops.ts";
import { urlHost } from "./url/host.ts";
import { urlOps } from "./url/ops.ts";

/** What the rooms need of those who run them. */
export interface WebServices {
  readonly sink: LogSink;
  /** The code of each lazy room, in the order of their catalogue. */
  readonly lazyRooms: readonly string[];
  readonly clock: GuestClock;
  /** The host's own unless given. */
  readonly timers?: TimerService;
  /** Unix milliseconds; `Date.now()` unless given. */
  readonly now?: () => number;
  /** What test files ask for; refused unless given. */
  readonly testing?: Handlers<typeof testingOps, OpContext>;
  /** What the streams of an app may hold together; null for no limit. */
  readonly budgetOf: (app: string) => ByteBudget | null;
  /** The caches of an app; undefined for one that is gone. */
  readonly cachesOf: (app: string) => CacheStore | undefined;
  /** Where subrequests go. */
  readonly egress: Pick<Handlers<typeof fetchOps, OpContext>, "fetch_start" | "fetch_abort">;
}

/** Node's thread pool has four threads; half of what runs may be one app's. */
const CRYPTO_AT_ONCE = Math.min(4, Math.max(2, availableParallelism()));
const CRYPTO_PER_APP = CRYPTO_AT_ONCE / 2;

export function createCatalogue(services: WebServices): readonly Room[] {
  return [
    room("infra", infraOps, createInfraHost((index) => services.lazyRooms[index])),
    room("performance", performanceOps, createPerformanceHost(services.clock)),
    room("console", consoleOps, createConsoleHost(services.sink)),
    room("timers", timersOps, createTimersHost(services.timers ?? realTimers)),
    room("url", urlOps, urlHost),
    room("ecmascript", ecmascriptOps, ecmascriptHost),
    room("encoding", encodingOps, encodingHost),
    room("compression", compressionOps, compressionHost),
    room("crypto", cryptoOps, createCryptoHost(CRYPTO_AT_ONCE, CRYPTO_PER_APP)),
    room("intl", intlOps, intlHost),
    room("node", nodeOps, nodeHost),
    room("form-data", formDataOps, formDataHost),
    room("cache", cacheOps, createCacheHost(services.cachesOf, services.now ?? (() => Date.now()))),
    room("testing", testingOps, services.testing ?? refusedTesting),
    room("fetch", fetchOps, { ...createAnswerHandlers(services.budgetOf), ...services.egress }),
  ];
}
