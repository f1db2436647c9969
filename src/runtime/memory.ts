/** How much memory the machine, or the container that nano runs in, has for it. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { posix } from "node:path";
import { limitValue } from "../limits.ts";

/** Reads a small file; null when there is none. */
export type ReadText = (path: string) => string | null;

const SHARE = 0.7;

/** What all isolates of one process may have, in bytes: `configured` if that is not 0, else a share of what there is, divided by `processes` that do the same. */
export function guestMemoryBytes(configured: number, processes: number, read: ReadText = readText): number {
  return Math.floor((configured > 0 ? configured : memoryLimitBytes(read, totalmem()) * SHARE) / processes);
}

/** Isolates of one process at most: JavaScriptCore allows WebAssembly memories of three times the machine's memory, by their size, and a third of that is left to those that grow. */
export function mostIsolates(initialBytes: number, physicalBytes: number = totalmem()): number {
  return Math.min(limitValue("process_isolates"), Math.floor((physicalBytes * 2) / initialBytes));
}

/** The least of the physical memory and the limits of the control groups around this process, version 2 or 1 (https://docs.kernel.org/admin-guide/cgroup-v2.html). */
export function memoryLimitBytes(read: ReadText, physicalBytes: number): number {
  let least = physicalBytes;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [id, controllers = "", group] = line.split(":", 3);
    const isV2 = id === "0" && controllers === "";
    if (group === undefined || (!isV2 && !controllers.split(",").includes("memory"))) continue;
    for (const root of isV2 ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/memory"])
      for (const path of selfAndParents(group)) least = Math.min(least, limitIn(read(posix.join(root, path, isV2 ? "memory.max" : "memory.limit_in_bytes"))));
  }
  return least;
}

/** In a container the group's own path may not be there: its parents are. */
function selfAndParents(group: string): readonly string[] {
  const parent = posix.dirname(group);
  return parent === group ? [group] : [group, ...selfAndParents(parent)];
}

function limitIn(text: string | null): number {
  const bytes = Number(text?.trim() || "max");
  return Number.isNaN(bytes) || bytes <= 0 ? Number.POSITIVE_INFINITY : bytes;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
