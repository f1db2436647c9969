/** How many workers "auto" is. */
import { expect, test } from "bun:test";
import { availableCores } from "../../../src/supervisor/cores.ts";

const reading = (files: Readonly<Record<string, string>>) => (path: string) => files[path] ?? null;
const status = (list: string) => `Name:\tnano\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`;

test.each<[string, Readonly<Record<string, string>>, number]>([
  ["the machine's cores, without a word of anybody", {}, 8],
  ["no more than it may run on", { "/proc/self/status": status("0-1,4") }, 3],
  ["no more than the quota of its cgroup (v2)", { "/proc/self/cgroup": "0::/app\n", "/sys/fs/cgroup/app/cpu.max": "250000 100000\n" }, 2],
  ["no more than the quota of a cgroup above", { "/proc/self/cgroup": "0::/pods/app\n", "/sys/fs/cgroup/pods/cpu.max": "400000 100000", "/sys/fs/cgroup/pods/app/cpu.max": "max 100000" }, 4],
  ["the quota at the root of a container", { "/proc/self/cgroup": "0::/../../host/path\n", "/sys/fs/cgroup/cpu.max": "150000 100000" }, 1],
  ["at least one, whatever the quota", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "10000 100000" }, 1],
  ["no more than the quota of its cgroup (v1)", { "/proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/x\n", "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "300000", "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000" }, 3],
  ["all, where v1 sets no quota", { "/proc/self/cgroup": "4:cpu:/x\n", "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "-1", "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000" }, 8],
])("%s", (_title, files, cores) => {
  expect(availableCores(reading(files), 8)).toBe(cores);
});

test("this machine has some", () => {
  expect(availableCores()).toBeGreaterThan(0);
});
