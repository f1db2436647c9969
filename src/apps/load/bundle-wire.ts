/** A bundle as plain data, for another process. */
import { type Bundle, sourceMapOf } from "./bundle.ts";

export interface BundleWire extends Omit<Bundle, "sourceMap"> {
  /** JSON text. */
  readonly sourceMap: string | null;
}

export function bundleToWire(bundle: Bundle): BundleWire {
  return { ...bundle, sourceMap: bundle.sourceMap?.json ?? null };
}

export function bundleOfWire(wire: BundleWire): Bundle {
  return { ...wire, sourceMap: wire.sourceMap === null ? null : sourceMapOf(wire.sourceMap) };
}
