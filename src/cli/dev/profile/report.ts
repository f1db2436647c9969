/** The functions of a request that burnt most, for the terminal. */
import { escapeControls } from "../../../observe/log.ts";
import type { ProfileRecord } from "../../../observe/profile.ts";
import type { Paint } from "../paint.ts";
import { functionsOf, nameOf, placeOf } from "./functions.ts";

const SHOWN = 10;
/** What burns less is noise. */
const LEAST_SHARE = 0.005;
const NAME_WIDTH = 36;

export function profileLines(profile: ProfileRecord, { dim, cyan, bold }: Paint): string {
  const { fuel, samples } = profile;
  const all = functionsOf(profile).filter(({ selfFuel, totalFuel }) => Math.max(selfFuel, totalFuel) >= fuel * LEAST_SHARE);
  const shown = all.slice(0, SHOWN);
  const share = (part: number) => `${((part / Math.max(1, fuel)) * 100).toFixed(1)} %`.padStart(8);
  const rows = shown.map(({ fn, selfFuel, totalFuel }) => {
    const name = escapeControls(nameOf(fn)).slice(0, NAME_WIDTH);
    return `  ${bold(share(selfFuel))} ${share(totalFuel)}  ${fn.kind === "app" ? cyan(name.padEnd(NAME_WIDTH)) : name.padEnd(NAME_WIDTH)} ${dim(escapeControls(placeOf(fn)))}`;
  });
  const rest = all.length > shown.length ? [dim(`  … and ${all.length - shown.length} more`)] : [];
  return [dim(`  ${fuel.toLocaleString("en")} fuel in ${samples} samples`), dim(`  ${"self".padStart(8)} ${"total".padStart(8)}  function`), ...rows, ...rest, ""].join("\n");
}
