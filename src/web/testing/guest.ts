/** The door of test files (see `web/node/guest`): a lazy room, so that no app carries it. */
import { fetchOps } from "../fetch/ops.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { testingOps } from "./ops.ts";

export const testing = { ...hostOps(testingOps), ...hostOps(fetchOps) };
