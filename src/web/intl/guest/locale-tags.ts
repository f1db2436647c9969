/** Tags of the Locale objects there are. */
import { SafeWeakMap } from "../../infra/guest/primordials.ts";

export const localeTags = new SafeWeakMap<object, string>();
