/** A profile with the app's own positions in place of those in its bundle. */
import type { Profile, ProfileNode } from "../../isolate/profile.ts";
import type { ProfiledCall, ProfiledFunction, ProfileRecord } from "../../observe/profile.ts";
import { type MappedCode, mapPosition } from "./source-map.ts";

export function mapProfile({ fuel, samples, roots }: Profile, bundle: MappedCode): ProfileRecord {
  const known = new Map<string, ProfiledFunction>();
  const fnOf = ({ kind, name, line, column }: ProfileNode["frame"]): ProfiledFunction => {
    const key = `${kind} ${line}:${column} ${name}`;
    let fn = known.get(key);
    if (fn === undefined) {
      const place = line === 0 ? null : mapPosition(line, column, bundle);
      // Code of the bundle that no file of the app wrote: a node: module, or the bundler's glue.
      fn = place === null ? { kind: kind === "app" ? "nano" : kind, name, file: "", line: 0, column: 0 } : { kind, name, ...place };
      known.set(key, fn);
    }
    return fn;
  };
  const callOf = (node: ProfileNode): ProfiledCall => ({ fn: fnOf(node.frame), fuel: node.fuel, calls: node.children.map(callOf) });
  return { fuel, samples, calls: roots.map(callOf) };
}
