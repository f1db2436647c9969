/** nano as a library: the same core behind a `fetch`, for whoever brings the server. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadBundle } from "../apps/load/bundle.ts";
import { type Artifacts, loadArtifacts, type Manifest } from "../artifacts.ts";
import { configOfData } from "../config/parse.ts";
import { fetchHandler, type FetchInfo } from "../ingress/fetch-handler.ts";
import { missingFeature } from "../isolate/engine/jspi.ts";
import { type Observer, silent } from "../observe/observer.ts";
import { Runtime } from "../runtime/runtime.ts";

/** The keys of nano.json, as data. `path`s are relative to `cwd`. */
export interface NanoOptions {
  readonly apps: readonly Readonly<Record<string, unknown>>[];
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly trusted_proxies?: readonly string[];
  /** Where relative paths start; the working directory unless given. */
  readonly cwd?: string;
  /** Hears of requests, kills, console lines. */
  readonly observer?: Partial<Observer>;
  /** The engine and its snapshot; those beside this module unless given. */
  readonly artifacts?: Artifacts;
}

export interface Nano {
  /** Serves one request. `info.clientAddress` is the peer, if the server knows it. */
  fetch(request: Request, info?: FetchInfo): Promise<Response>;
  /** Lets what runs finish, for at most `graceMs`, and ends everything. */
  close(graceMs?: number): Promise<void>;
}

const WARM_UP_MS = 100;

/** Throws OperatorError for options that nano.json could not hold, and Error where this JavaScript runtime cannot run isolates. */
export async function createNano(options: NanoOptions): Promise<Nano> {
  const missing = missingFeature();
  if (missing !== "") throw new Error(missing);
  const { artifacts, cwd = process.cwd(), observer = {}, ...raw } = options;
  const config = configOfData(raw, cwd);
  const runtime = new Runtime({ artifacts: await loadArtifacts(artifacts ?? (await ownArtifacts())), config, observer: { ...silent, ...observer }, loadBundle, showsErrors: false, allowsPrivateFetch: false });
  await runtime.calibrate(WARM_UP_MS);
  const handle = fetchHandler(runtime.pipeline);
  return {
    fetch: (request, info) => handle(request, info),
    async close(graceMs = 30_000) {
      await runtime.drain(graceMs);
      runtime.close();
    },
  };
}

async function ownArtifacts(): Promise<Artifacts> {
  const beside = (name: string) => readFile(fileURLToPath(new URL(name, import.meta.url)));
  const [manifest, wasm, base, lazyRooms, nodeModules] = await Promise.all([beside("manifest.json"), beside("engine.wasm"), beside("base.snapshot"), beside("lazy-rooms.zst"), beside("node-modules.json")]);
  return { manifest: JSON.parse(manifest.toString("utf8")) as Manifest, wasm, base, lazyRooms, nodeModules };
}
