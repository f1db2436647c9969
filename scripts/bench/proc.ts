/** What Linux tells in /proc of processes and cores. A process that has ended counts as nothing. */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ: 100 on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100;

/** `pid` and its descendants, parents first. */
export function familyOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const parent = /^\d+$/.test(entry) ? statOf(Number(entry))?.[1] : undefined;
    if (parent === undefined) continue;
    const siblings = children.get(Number(parent));
    if (siblings === undefined) children.set(Number(parent), [Number(entry)]);
    else siblings.push(Number(entry));
  }
  const all = [pid];
  for (const member of all) all.push(...(children.get(member) ?? []));
  return all;
}

/** Seconds of CPU that a process and its reaped children have used, in user and kernel. */
export function cpuSecondsOf(pid: number): number {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = statOf(pid)?.slice(11, 15).map(Number) ?? [];
  return (user + system + childUser + childSystem) / TICKS_PER_SECOND;
}

export function rssBytesOf(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Resident memory, what is shared divided by those who share it. */
export function pssBytesOf(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** What the kernel's page tables for the process take: memory that no RSS contains. */
export function pageTableBytesOf(pid: number): number {
  const kilobytes = /VmPTE:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Seconds that any process, or another machine on this host, has used the given cores. Interrupts are left out: they are the benchmark's own network. */
export function busySecondsOf(cores: readonly number[]): number {
  const stat = textOf("/proc/stat");
  return cores.reduce((sum, core) => {
    const [, user = 0, nice = 0, system = 0, , , , , steal = 0] = new RegExp(`^cpu${core} .*$`, "m").exec(stat)?.[0].split(/\s+/).map(Number) ?? [];
    return sum + (user + nice + system + steal) / TICKS_PER_SECOND;
  }, 0);
}

/** Started with `chrt`: what it runs goes before whatever else the machine does. */
export function hasRealTimePriority(pid: number): boolean {
  return ["1", "2"].includes(statOf(pid)?.[38] ?? "");
}

/** Fields of /proc/<pid>/stat after the command's name: state, parent, … */
function statOf(pid: number): readonly string[] | null {
  const text = textOf(`/proc/${pid}/stat`);
  return text === "" ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
