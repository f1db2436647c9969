/** Static files of a wrangler file: its keys are nano's own. https://developers.cloudflare.com/workers/static-assets/ */
import type { Problem } from "../../errors.ts";
import type { Path } from "../positions.ts";
import type { WranglerEnvironment } from "./environment.ts";
import type { Loose } from "./placed-data.ts";

const KEYS: readonly string[] = ["directory", "binding", "html_handling", "not_found_handling", "run_worker_first"];

/** Null when the app has none. */
export function assetsOf(environment: WranglerEnvironment, hasCode: boolean, warnings: Problem[]): { readonly value: Loose; readonly path: Path } | null {
  if (environment.get("assets") === undefined) return pagesAssets(environment, hasCode);
  const found = environment.object("assets");
  if (found === undefined) return null;
  for (const key of Object.keys(found.value)) if (!KEYS.includes(key)) warnings.push(environment.problem(`nano knows no key ${JSON.stringify(key)} of assets`, `it reads ${KEYS.join(", ")}`, [...found.path, key], true));
  return { value: Object.fromEntries(Object.entries(found.value).filter(([key]) => KEYS.includes(key))), path: found.path };
}

/** Code of a Pages project gets every request, and finds the files in env.ASSETS. */
function pagesAssets(environment: WranglerEnvironment, hasCode: boolean): { readonly value: Loose; readonly path: Path } | null {
  const pages = environment.text("pages_build_output_dir");
  return pages === undefined ? null : { value: { directory: pages.value, ...(hasCode ? { binding: "ASSETS", run_worker_first: true } : {}) }, path: pages.path };
}
