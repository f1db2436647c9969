/** A server under test: started on its core, watched through /proc, ended by its process id whatever happens to the benchmark. */
import { mkdir } from "node:fs/promises";
import { connect, createServer, type Server as NetServer } from "node:net";
import { join } from "node:path";
import { onAllCores, pinned, SERVER_CORE } from "./cores.ts";
import { WORK } from "./peers.ts";
import { cpuSecondsOf, familyOf, pageTableBytesOf, pssBytesOf, rssBytesOf } from "./proc.ts";

export interface Address {
  readonly port: number;
  /** The Host header. */
  readonly host: string;
}

export interface Start {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Until this port accepts, the server does not count as started. */
  readonly port: number;
  readonly timeoutMs?: number;
  /** On every core of the machine, in place of the server's own. */
  readonly hasAllCores?: boolean;
}

const TIMEOUT_MS = 30_000;

export class Server implements AsyncDisposable {
  readonly name: string;
  /** From the start of the process until it accepted a connection. Milliseconds. */
  readonly listeningMs: number;
  readonly #child: Bun.Subprocess;
  readonly #killAtExit: () => void;

  private constructor(name: string, child: Bun.Subprocess, killAtExit: () => void, listeningMs: number) {
    this.name = name;
    this.#child = child;
    this.#killAtExit = killAtExit;
    this.listeningMs = listeningMs;
  }

  /** Throws with what the server printed when it ends or stays silent. */
  static async start({ name, command, env = {}, port, timeoutMs = TIMEOUT_MS, hasAllCores = false }: Start): Promise<Server> {
    const log = Bun.file(join(WORK, "logs", `${name}.log`));
    await mkdir(join(WORK, "logs"), { recursive: true });
    const started = performance.now();
    const child = Bun.spawn(hasAllCores ? onAllCores(command) : pinned(SERVER_CORE, command), { cwd: WORK, stdout: "ignore", stderr: log, env: { PATH: process.env["PATH"] ?? "", HOME: WORK, ...env } });
    const killAtExit = () => killFamily(child.pid);
    process.once("exit", killAtExit);
    while (!(await accepts(port))) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (!hasEnded && performance.now() - started < timeoutMs) {
        await Bun.sleep(1);
        continue;
      }
      killAtExit();
      process.off("exit", killAtExit);
      throw new Error(`${name} ${hasEnded ? "ended" : `did not listen within ${timeoutMs} ms`}:\n${await log.text()}`);
    }
    return new Server(name, child, killAtExit, performance.now() - started);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** CPU seconds of the process and its descendants since they started. */
  get cpuSeconds(): number {
    return familyOf(this.#child.pid).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }

  get rssMb(): number {
    return familyOf(this.#child.pid).reduce((sum, pid) => sum + rssBytesOf(pid), 0) / 2 ** 20;
  }

  /** The process and its descendants. */
  get processes(): number {
    return familyOf(this.#child.pid).length;
  }

  get pssMb(): number {
    return familyOf(this.#child.pid).reduce((sum, pid) => sum + pssBytesOf(pid), 0) / 2 ** 20;
  }

  /** Of the process and its descendants. */
  get memory(): { readonly rssMb: number; readonly pssMb: number; readonly tablesMb: number } {
    const sum = (bytesOf: (pid: number) => number) => familyOf(this.#child.pid).reduce((total, pid) => total + bytesOf(pid), 0) / 2 ** 20;
    return { rssMb: sum(rssBytesOf), pssMb: sum(pssBytesOf), tablesMb: sum(pageTableBytesOf) };
  }

  async stop(): Promise<void> {
    if (this.isAlive) this.#killAtExit();
    await this.#child.exited;
    process.off("exit", this.#killAtExit);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** `count` consecutive ports below those that the kernel gives to outgoing connections. */
export async function freePorts(count: number): Promise<readonly number[]> {
  for (let tries = 0; tries < 50; tries++) {
    const base = 10_000 + Math.floor(Math.random() * (22_000 - count));
    const ports = Array.from({ length: count }, (_, i) => base + i);
    const probes = await Promise.all(ports.map(listens));
    await Promise.all(probes.map((probe) => probe !== null && new Promise((done) => probe.close(done))));
    if (!probes.includes(null)) return ports;
  }
  throw new Error(`no ${count} free ports in a row`);
}

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0] as number;
}

function listens(port: number): Promise<NetServer | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(null)).listen(port, "127.0.0.1", () => resolve(probe));
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isAccepted: boolean) => {
      socket.destroy();
      resolve(isAccepted);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}

function killFamily(pid: number): void {
  for (const member of [...familyOf(pid)].reverse())
    try {
      process.kill(member, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}
