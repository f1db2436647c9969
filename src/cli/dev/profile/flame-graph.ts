/** Profiles as one HTML file that needs nothing else: a flame graph to search and zoom, and the functions by what they burnt. Names come from apps, and are text wherever they go. */
import type { ProfiledCall, ProfiledFunction, ProfileRecord } from "../../../observe/profile.ts";
import { keyOf } from "./functions.ts";
import { SCRIPT, STYLE } from "./flame-graph-page.ts";

export interface ProfiledRequest {
  readonly app: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly profile: ProfileRecord;
}

/** Numbers of functions, so that each is told once: `[function, fuel, calls]`. */
type PackedCall = readonly [fn: number, fuel: number, calls: readonly PackedCall[]];

export function flameGraphPage(requests: readonly ProfiledRequest[]): string {
  const numbers = new Map<string, number>();
  const functions: (readonly [kind: string, name: string, place: string])[] = [];
  const numberOf = (fn: ProfiledFunction): number => {
    const key = keyOf(fn);
    let number = numbers.get(key);
    if (number === undefined) {
      number = functions.push([fn.kind, fn.name, fn.file === "" ? "" : `${fn.file}:${fn.line}:${fn.column}`]) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  const pack = ({ fn, fuel, calls }: ProfiledCall): PackedCall => [numberOf(fn), fuel, calls.map(pack)];
  const packed = requests.map(({ app, method, path, status, profile }) => ({ title: `${method} ${path}`, app, status, fuel: profile.fuel, samples: profile.samples, calls: profile.calls.map(pack) }));
  const data = JSON.stringify({ functions, requests: packed });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>nano: profile</title>
<style>${STYLE}</style>
<body>
<script type="application/json" id="data">${forScript(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** JSON text that no HTML parser ends early, and that is the same JSON. */
const forScript = (json: string): string => json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
