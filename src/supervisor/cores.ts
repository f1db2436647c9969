/** How many cores this process may use: what the machine has, what it may run on, and what the cgroups above it allow. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/** Text of a file; null when it cannot be read. */
export type ReadText = (path: string) => string | null;

/** At least 1. A quota of 2.5 cores makes 2: a third worker would be throttled along with the others. */
export function availableCores(read: ReadText = readText, machine: number = availableParallelism()): number {
  const cores = Math.min(machine, affinity(read) ?? machine, Math.floor(quota(read) ?? machine));
  return Math.max(1, cores);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function affinity(read: ReadText): number | null {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read("/proc/self/status") ?? "")?.[1];
  if (list === undefined) return null;
  return list.split(",").reduce((sum, range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return sum + last - first + 1;
  }, 0);
}

/** The least quota on the way from our cgroup to the root, in cores. */
function quota(read: ReadText): number | null {
  const found: number[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === "") continue;
    const isV2 = controllers === "";
    if (!isV2 && !controllers.split(",").includes("cpu")) continue;
    const roots = isV2 ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"];
    for (const root of roots) for (const folder of upwards(path)) found.push(...(isV2 ? quotaV2(read, join(root, folder)) : quotaV1(read, join(root, folder))));
  }
  return found.length === 0 ? null : Math.min(...found);
}

/** In a container the path may be that of the host: the root is looked at in any case. */
function upwards(path: string): readonly string[] {
  const folders = [path];
  for (let folder = path; folder !== "/"; ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
function quotaV2(read: ReadText, folder: string): readonly number[] {
  const [max, period] = (read(join(folder, "cpu.max")) ?? "").trim().split(" ").map(Number);
  return max !== undefined && period !== undefined && max > 0 && period > 0 ? [max / period] : [];
}

function quotaV1(read: ReadText, folder: string): readonly number[] {
  const [max, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((name) => Number(read(join(folder, name))?.trim()));
  return max !== undefined && period !== undefined && max > 0 && period > 0 ? [max / period] : [];
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
