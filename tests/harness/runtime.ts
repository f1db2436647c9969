/** A runtime in this process, with apps whose source is text and an observer that remembers. No sockets, no files. */
import type { App } from "../../src/apps/app.ts";
import type { ImageCache } from "../../src/apps/image-cache.ts";
import type { Bundle } from "../../src/apps/load/bundle.ts";
import { LoadError } from "../../src/apps/load/load-error.ts";
import type { AppConfig, Json } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { fetchHandler } from "../../src/ingress/fetch-handler.ts";
import type { LimitValues } from "../../src/limits.ts";
import { type FailureRecord, type KillRecord, type Observer, type RequestRecord, silent } from "../../src/observe/observer.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { testArtifacts } from "./artifacts.ts";

export interface TestApp {
  readonly name: string;
  readonly source: string;
  readonly env?: Readonly<Record<string, Json>>;
  readonly limits?: LimitValues;
  readonly egressAllow?: readonly string[];
  readonly isolation?: "app" | "request";
  readonly secrets?: Readonly<Record<string, Json>>;
}

export interface Told {
  readonly requests: RequestRecord[];
  readonly kills: KillRecord[];
  readonly failures: FailureRecord[];
  readonly consoles: { readonly app: string; readonly level: string; readonly text: string }[];
  readonly loaded: string[];
  readonly failedLoads: { readonly app: string; readonly error: string }[];
  readonly faults: unknown[];
}

export class TestRuntime implements Disposable {
  readonly runtime: Runtime;
  readonly told: Told;
  /** Source by path. A test may change it between loads. */
  readonly sources: Map<string, string>;
  /** Every load waits for what this returns: a test that holds loads back replaces it. */
  beforeLoad: (path: string) => Promise<void> | void = () => {};
  readonly #fetch: ReturnType<typeof fetchHandler>;

  private constructor(runtime: (load: (path: string) => Promise<Bundle>, observer: Observer) => Runtime, sources: Map<string, string>) {
    this.sources = sources;
    this.told = { requests: [], kills: [], failures: [], consoles: [], loaded: [], failedLoads: [], faults: [] };
    this.runtime = runtime((path) => this.#load(path), rememberIn(this.told));
    this.#fetch = fetchHandler(this.runtime.pipeline);
  }

  static async start(apps: readonly TestApp[], settings: { readonly showsErrors?: boolean; readonly serverLimits?: LimitValues; readonly server?: object; readonly images?: ImageCache } = {}): Promise<TestRuntime> {
    const artifacts = await testArtifacts();
    const config = parseConfig(JSON.stringify({ limits: settings.serverLimits ?? {}, server: settings.server ?? {}, apps: apps.map(rawOf) }), "/nano.json");
    const sources = new Map(apps.map(({ name, source }) => [pathOf(name), source]));
    return new TestRuntime(
      (loadBundle, observer) => new Runtime({ artifacts, config, observer, loadBundle, images: settings.images ?? null, showsErrors: settings.showsErrors ?? false, allowsPrivateFetch: false }),
      sources,
    );
  }

  app(name: string): App {
    const app = this.runtime.registry.get(name);
    if (app === undefined) throw new Error(`no app ${name}`);
    return app;
  }

  add(app: TestApp): App {
    const config = this.configOf(app);
    this.runtime.registry.addAll([config]);
    return this.app(app.name);
  }

  replace(app: TestApp, mayFail = false) {
    return this.runtime.registry.replace(this.configOf(app), mayFail);
  }

  /** The config of `app`, whose source is what its path holds from now on. */
  configOf(app: TestApp): AppConfig {
    this.sources.set(pathOf(app.name), app.source);
    return parseConfig(JSON.stringify({ apps: [rawOf(app)] }), "/nano.json").apps[0] as AppConfig;
  }

  get(app: string, path = "/", init: RequestInit = {}): Promise<Response> {
    const host = `${app}.test`;
    return this.#fetch(new Request(`http://${host}${path}`, { ...init, headers: { ...(init.headers as Record<string, string>), host } }));
  }

  async text(app: string, path = "/", init: RequestInit = {}): Promise<string> {
    return (await this.get(app, path, init)).text();
  }

  [Symbol.dispose](): void {
    this.runtime.close();
  }

  async #load(path: string): Promise<Bundle> {
    const code = this.sources.get(path);
    await this.beforeLoad(path);
    if (code === undefined) throw new LoadError({ file: path, message: "there is no such app" });
    return { code, sourceMap: null, entry: `${path.slice(1)}.js`, files: [], missing: [], bytes: code.length, hash: "", kind: "module", warnings: [], assets: null, doorName: null };
  }
}

function pathOf(name: string): string {
  return `/${name}`;
}

function rawOf({ name, env = {}, limits = {}, egressAllow = [], isolation = "app", secrets = {} }: TestApp): object {
  return { name, isolation, secrets, hostname: `${name}.test`, default: false, path: pathOf(name), env, limits, egress: { allow: egressAllow } };
}

function rememberIn(told: Told): Observer {
  return {
    ...silent,
    request: (record) => told.requests.push({ ...record, app: record.app, outcome: record.outcome, status: record.status, cpuMs: record.cpuMs }),
    kill: (record) => told.kills.push(record),
    failure: (record) => told.failures.push(record),
    console: (app, _requestId, level, text) => told.consoles.push({ app, level, text }),
    appLoaded: (app) => told.loaded.push(app),
    appFailed: (app, { error }) => told.failedLoads.push({ app, error }),
    fault: (_id, error) => told.faults.push(error),
  };
}

/** Yields to the event loop until `look` is true. */
export async function until(look: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 5_000; i++) {
    if (look()) return;
    await Bun.sleep(1);
  }
  throw new Error(`${what} did not come`);
}
