/**
 * Hot reloads under load: code, env, limits, apps that come, go and change their names. Every answer has to be whole and of exactly one revision.
 * `bun scripts/reload-soak.ts [--reloads 1000] [--workers 2]` prints what it saw; the exit code is 1 if anything failed.
 */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { NanoProcess, temporaryFolder } from "../tests/harness/nano.ts";

export interface SoakResult {
  readonly reloads: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly failures: readonly string[];
  /** How many different revisions answered. */
  readonly revisions: number;
  readonly seconds: number;
  readonly rssMb: { readonly before: number; readonly after: number };
  readonly descriptors: { readonly before: number; readonly after: number };
}

const KINDS = ["code", "env", "limits", "add", "remove", "rename"] as const;
type Kind = (typeof KINDS)[number];
const STABLE = ["a", "b", "c"] as const;
type Stable = (typeof STABLE)[number];

/** Says at its start and at its end which code and which env it is of: both have to be those of one revision. */
const sourceOf = (code: number) => `
const CODE = ${code};
export default {
  async fetch(request, env) {
    const before = CODE + "/" + env.REV;
    await new Promise((resolve) => setTimeout(resolve, new URL(request.url).pathname === "/slow" ? 200 : 2));
    return new Response(before + " " + CODE + "/" + env.REV);
  },
};
`;

interface AppState {
  code: number;
  env: number;
  cpuMs: number;
  name: string;
  /** Pairs of code and env that were ever meant to serve. */
  readonly deployed: Set<string>;
}

export async function soak({ reloads, workers }: { readonly reloads: number; readonly workers: number }): Promise<SoakResult> {
  const apps = Object.fromEntries(STABLE.map((id) => [id, { code: 1, env: 1, cpuMs: 5_000, name: id, deployed: new Set(["1/1"]) }])) as Record<Stable, AppState>;
  let hasGuest = false;
  const entry = (id: string, { name, env, cpuMs }: AppState) => ({ name, hostname: `${id}.test`, path: `${id}.js`, env: { REV: String(env) }, limits: { cpu_ms: cpuMs, concurrency: 1_000 } });
  const guest: AppState = { code: 1, env: 1, cpuMs: 5_000, name: "guest", deployed: new Set(["1/1"]) };
  const socket = join(await temporaryFolder({}), "admin.sock");
  const config = () => JSON.stringify({ port: 0, workers, admin: { socket }, apps: [...STABLE.map((id) => entry(id, apps[id])), ...(hasGuest ? [entry("guest", guest)] : [])] });
  const folder = await temporaryFolder({ "nano.json": config(), ...Object.fromEntries([...STABLE, "guest"].map((id) => [`${id}.js`, sourceOf(1)])) });
  const file = join(folder, "nano.json");
  const nano = await NanoProcess.start(["serve", "--config", file]);
  await nano.waitFor(() => nano.log.some(({ event }) => event === "admin_listening"), "the admin API");

  const failures: string[] = [];
  const seen = new Set<string>();
  let requests = 0;
  let isOver = false;
  /** The revision that answered; null when something failed. */
  const check = async (host: string, state: AppState, isFresh: boolean, path: string): Promise<string | null> => {
    requests++;
    try {
      const response = await nano.request(`${host}.test`, path, isFresh ? { headers: { connection: "close" } } : {});
      const text = await response.text();
      const [before, after] = text.split(" ");
      if (response.status !== 200) failures.push(`${host}: ${response.status} ${text}`);
      else if (before !== after || before === undefined || !state.deployed.has(before)) failures.push(`${host}: of no one revision: ${text}`);
      else {
        seen.add(`${host} ${before}`);
        return before;
      }
    } catch (error) {
      failures.push(`${host}: ${error}`);
    }
    return null;
  };
  const client = async (i: number) => {
    for (let k = 0; !isOver; k++) {
      const id = STABLE[(i + k) % STABLE.length] as Stable;
      await check(id, apps[id], i % 4 === 0, k % 5 === 0 ? "/slow" : "/");
    }
  };
  /** Asked only while it is there; what is on its way when it goes is answered all the same. */
  const guestClient = async () => {
    while (!isOver) {
      if (isGuestAsked) await check("guest", guest, false, "/slow");
      else await Bun.sleep(5);
    }
  };
  let isGuestAsked = false;
  for (const id of STABLE) await check(id, apps[id], true, "/");
  const load = [...Array.from({ length: 12 }, (_, i) => client(i)), guestClient(), guestClient()];
  await Bun.sleep(500);
  const before = { rssMb: rssOf(nano), descriptors: descriptorsOf(nano) };

  const byKind: Record<Kind, number> = { code: 0, env: 0, limits: 0, add: 0, remove: 0, rename: 0 };
  const started = performance.now();
  for (let i = 0; i < reloads; i++) {
    let kind = KINDS[i % KINDS.length] as Kind;
    if (kind === "add" && hasGuest) kind = "remove";
    else if (kind === "remove" && !hasGuest) kind = "add";
    const id = STABLE[i % STABLE.length] as Stable;
    const state = apps[id];
    if (kind === "code") {
      state.deployed.add(`${++state.code}/${state.env}`);
      await writeFile(join(folder, `${id}.js.new`), sourceOf(state.code));
      await rename(join(folder, `${id}.js.new`), join(folder, `${id}.js`));
    } else if (kind === "env") state.deployed.add(`${state.code}/${++state.env}`);
    else if (kind === "limits") state.cpuMs = 1_000 + (i % 1_000);
    else if (kind === "rename") state.name = `${id}-${i}`;
    else {
      hasGuest = kind === "add";
      if (!hasGuest) isGuestAsked = false;
    }
    await writeFile(`${file}.new`, config());
    await rename(`${file}.new`, file);
    const reloaded = await fetch("http://localhost/admin/reload", { method: "POST", unix: socket, headers: { "content-type": "application/json" } } as RequestInit);
    const report = (await reloaded.json()) as { readonly failed?: readonly unknown[] };
    if (reloaded.status !== 200 || report.failed?.length !== 0) failures.push(`reload ${i} (${kind}): ${reloaded.status} ${JSON.stringify(report)}`);
    const answered = await check(id, state, true, "/");
    if (answered !== null && answered !== `${state.code}/${state.env}`) failures.push(`reload ${i} (${kind}): ${id} answers with ${answered} after the reload to ${state.code}/${state.env}`);
    if (hasGuest) isGuestAsked = true;
    byKind[kind]++;
  }
  const seconds = (performance.now() - started) / 1000;
  await Bun.sleep(1_000);
  const after = { rssMb: rssOf(nano), descriptors: descriptorsOf(nano) };
  isOver = true;
  await Promise.all(load);
  nano.signal("SIGTERM");
  const code = await nano.exited();
  if (code !== 0) failures.push(`exit code ${code}`);
  return { reloads, byKind, requests, failures, revisions: seen.size, seconds, rssMb: { before: before.rssMb, after: after.rssMb }, descriptors: { before: before.descriptors, after: after.descriptors } };
}

function processesOf(nano: NanoProcess): readonly number[] {
  return [nano.pid, ...nano.children];
}

function rssOf(nano: NanoProcess): number {
  return Math.round(processesOf(nano).reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0), 0) / 1024);
}

function descriptorsOf(nano: NanoProcess): number {
  return processesOf(nano).reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { reloads: { type: "string", default: "1000" }, workers: { type: "string", default: "2" } } });
  const result = await soak({ reloads: Number(values.reloads), workers: Number(values.workers) });
  const { byKind, requests, failures, revisions, seconds, rssMb, descriptors } = result;
  console.log(`${result.reloads} reloads in ${seconds.toFixed(1)} s (${Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`).join(", ")})`);
  console.log(`${requests} requests, ${failures.length} failed, answers from ${revisions} revisions, each from exactly one`);
  console.log(`resident memory of all processes ${rssMb.before} → ${rssMb.after} MB, descriptors ${descriptors.before} → ${descriptors.after}`);
  for (const failure of failures.slice(0, 20)) console.log(`  ${failure}`);
  process.exit(failures.length === 0 ? 0 : 1);
}
