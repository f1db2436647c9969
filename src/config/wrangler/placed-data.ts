/** Data of a wrangler file, in whatever syntax, that knows where its values stand. `config/positions` has it for JSON. */
import type { Place } from "../../errors.ts";
import type { Path, PlaceOptions } from "../positions.ts";

export type Loose = Record<string, unknown>;

export interface PlacedData {
  readonly value: unknown;
  /** Of what stands at `path`, or of the nearest thing around it. */
  place(path: Path, options?: PlaceOptions): Place;
}

export function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
