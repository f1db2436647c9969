/**
 * A revision: one immutable load of an app, its code and its config. Loading bundles the source, evaluates it once in an isolate of its own and keeps the
 * snapshot; isolates of the revision are clones of that. A failed load is a value that the revision keeps.
 */
import type { Account } from "../isolate/scheduler.ts";
import { Isolate } from "../isolate/isolate.ts";
import type { IsolateHost } from "../isolate/isolate-host.ts";
import type { InvocationLimits } from "../isolate/invocation.ts";
import { residentBytes, type Snapshot, snapshotBytes } from "../isolate/memory/snapshot.ts";
import type { Profile } from "../isolate/profile.ts";
import type { Observer } from "../observe/observer.ts";
import type { ProfileRecord } from "../observe/profile.ts";
import { Redaction } from "../base/redaction.ts";
import type { AssetMemory } from "../bindings/assets/host/asset-memory.ts";
import { Assets } from "../bindings/assets/host/assets.ts";
import { type AppConfig, bindingsOf, type Json, variablesOf } from "../config/config.ts";
import { limitValue } from "../limits.ts";
import { type AppImage, describeResult, makeImage } from "./app-image.ts";
import type { ImageCache } from "./image-cache.ts";
import type { Bundle, LoadBundle, LoadOptions } from "./load/bundle.ts";
import { formatWarning, LoadError } from "./load/load-error.ts";
import { mapProfile } from "./load/mapped-profile.ts";
import { mapStack } from "./load/map-stack.ts";
import { prepareMapping } from "./load/source-map.ts";
import { frameOfStack, placeOfStack } from "./load/stack-frame.ts";
import type { RoomBases } from "./room-bases.ts";

/** What revisions need from the process. */
export interface RevisionServices {
  readonly host: IsolateHost;
  /** What apps are evaluated on. */
  readonly bases: RoomBases;
  readonly observer: Observer;
  readonly loadBundle: LoadBundle;
  /** Null or absent: every load evaluates. */
  readonly images?: ImageCache | null;
  /** Errors come with their place and the code around it. */
  readonly hasPlaces: boolean;
  /** Apps say where in their source they write to the console, which is CPU of theirs. */
  readonly hasConsolePlaces: boolean;
  /** Static files of all apps. */
  readonly assetMemory: AssetMemory;
}

/** Where a revision's number and code come from, when the app itself does not decide. */
export interface RevisionOrigin {
  readonly number: number;
  readonly loadBundle: LoadBundle;
  /** It will not serve: nobody wants to read what its top level writes to the console. */
  readonly isTrial?: boolean;
}

export type RevisionState = "new" | "loading" | "ready" | "failed" | "closed";

/** Shorter values are words that logs are full of. What the operator calls a secret is one from fewer characters on. */
const LEAST_ENV_LENGTH = 8;
const LEAST_SECRET_LENGTH = 4;
/** Told of one load. */
const MOST_WARNINGS = 20;

export class Revision {
  readonly number: number;
  readonly config: AppConfig;
  readonly invocationLimits: InvocationLimits;
  readonly #services: RevisionServices;
  readonly #loadBundle: LoadBundle;
  readonly #isTrial: boolean;
  readonly #account: Account;
  readonly #redaction: Redaction;
  #state: RevisionState = "new";
  #loading: Promise<RevisionState> | null = null;
  readonly #read = Promise.withResolvers<void>();
  #bundle: Bundle | null = null;
  #image: AppImage | null = null;
  #assets: Assets | null = null;
  #error: Error | null = null;
  /** In the disk cache. */
  #imageName: string | null = null;

  constructor(services: RevisionServices, config: AppConfig, account: Account, { number, loadBundle, isTrial = false }: RevisionOrigin) {
    this.#isTrial = isTrial;
    this.#services = services;
    this.#loadBundle = loadBundle;
    this.#account = account;
    this.config = config;
    this.number = number;
    this.invocationLimits = config.limits;
    this.#redaction = new Redaction([...textsIn(config.env, LEAST_ENV_LENGTH), ...textsIn(config.secrets, LEAST_SECRET_LENGTH)]);
  }

  get state(): RevisionState {
    return this.#state;
  }
  /** Why the load failed. */
  get error(): Error | null {
    return this.#error;
  }
  get bundle(): Bundle | null {
    return this.#bundle;
  }
  get snapshot(): Snapshot | null {
    return this.#image?.snapshot ?? null;
  }
  /** The app's static files, once they are known; null when it has none. */
  get assets(): Assets | null {
    return this.#assets;
  }
  /** 0 while there is none. */
  get snapshotBytes(): number {
    return this.#image === null ? 0 : snapshotBytes(this.#image.snapshot);
  }

  /** `text` without the values of env and secrets. `isCut`: it goes on where nobody sees, maybe with the rest of a value. */
  redact(text: string, isCut = false): string {
    return isCut ? this.#redaction.applyToCut(text) : this.#redaction.apply(text);
  }

  /** Loads once; later calls wait for the same load. Never rejects. */
  load(): Promise<RevisionState> {
    if (this.#state === "closed") return Promise.resolve("closed");
    this.#loading ??= this.#load().finally(() => this.#read.resolve());
    return this.#loading;
  }

  /** Resolves when it is known what a load has read, which is before its top level is done. */
  get whenRead(): Promise<void> {
    return this.#read.promise;
  }

  /** A revision that loaded turned out not to run. */
  fail(error: Error): void {
    if (this.#state !== "ready") return;
    this.#state = "failed";
    this.#error = error;
    this.#image = null;
    this.#services.observer.appFailed(this.config.name, { revision: this.number, error: error.message });
  }

  close(): void {
    this.#state = "closed";
    this.#image = null;
  }

  /** It will not serve again, but maybe `next` with the same image. */
  retire(next: Revision | null): void {
    if (this.#imageName !== null && (next === null || this.#imageName !== next.#imageName)) this.#services.images?.drop(this.#imageName);
  }

  /** Whether the process has memory for another one. */
  mayCreateIsolate(): boolean {
    return this.#image === null || this.#services.host.memory.admits(this.#account, residentBytes(this.#image.snapshot));
  }

  /** Whether the process has memory to load this, if that is still to be done. */
  mayLoad(): boolean {
    return this.#loading !== null || this.#services.host.memory.admits(this.#account, residentBytes(this.#services.bases.plain));
  }

  /** A new isolate with the app in it, ready for events. */
  createIsolate(hooks: { readonly onCondemned: ConstructorParameters<typeof Isolate>[0]["onCondemned"]; readonly onIdle: () => void }): Isolate {
    const image = this.#image;
    if (image === null) throw new Error(`revision ${this.number} of ${this.config.name} is not ready`);
    const started = performance.now();
    const isolate = new Isolate({ host: this.#services.host, snapshot: image.snapshot, clockStartMs: started - image.clockMs, account: this.#account, memoryBytes: this.config.limits.memoryBytes, mapStack: this.#mapStack, ...hooks });
    this.#services.observer.activated(this.config.name, performance.now() - started);
    return isolate;
  }

  /** No isolate is left, and none is expected soon: what new ones are made of takes less room until then. */
  pack(): void {
    void this.#image?.snapshot.patch?.pack();
  }

  /** Makes an isolate what a new one would be, see `Isolate.renew`. */
  renew(isolate: Isolate): boolean {
    return this.#image !== null && isolate.renew(performance.now() - this.#image.clockMs);
  }

  /** The request id of what the app's top level does. */
  get loadId(): string {
    return `load-${this.config.name}-${this.number}`;
  }

  readonly #mapStack = (stack: string): string => mapStack(stack, this.#bundle);

  /** Positions in `profile` become those of the app's own files. */
  mapProfile(profile: Profile): ProfileRecord | null {
    return this.#bundle === null ? null : mapProfile(profile, this.#bundle);
  }

  /** The lines of source around the first place of `stack`, which is mapped. */
  frameOf(stack: string): string {
    return this.#bundle === null ? "" : frameOfStack(stack, this.#bundle);
  }

  async #load(): Promise<RevisionState> {
    const started = performance.now();
    const { observer } = this.#services;
    const { name, path, hasCode } = this.config;
    this.#state = "loading";
    try {
      const bundle = await this.#loadBundle(path, loadOptionsOf(this.config));
      if (this.#isClosed()) return "closed";
      this.#bundle = bundle;
      this.#read.resolve();
      await prepareMapping(bundle);
      if (this.#isClosed()) return "closed";
      const image = hasCode ? await this.#evaluate(bundle) : null;
      if (this.#isClosed()) return "closed";
      this.#image = image;
      this.#assets = this.#assetsOf(bundle);
      this.#state = "ready";
      observer.appLoaded(name, { revision: this.number, ms: performance.now() - started, bundleBytes: bundle.bytes, snapshotBytes: this.snapshotBytes, startupCpuMs: image?.startupCpuMs ?? 0, warnings: bundle.warnings.slice(0, MOST_WARNINGS).map(formatWarning) });
    } catch (error) {
      if (this.#isClosed()) return "closed";
      this.#error = error as Error;
      this.#state = "failed";
      observer.appFailed(name, { revision: this.number, error: (error as Error).message });
    }
    return this.#state;
  }

  #assetsOf({ assets: manifest }: Bundle): Assets | null {
    const { assets: settings, hasCode, limits } = this.config;
    if (manifest === null || settings === null) return null;
    return new Assets({
      manifest,
      settings,
      hasCode,
      maxFileBytes: limits.assetFileBytes,
      maxStreams: limits.assetStreams,
      wholeBytes: limitValue("asset_whole_kb"),
      trustedMs: limitValue("asset_trusted_ms"),
      memory: this.#services.assetMemory,
      now: () => performance.now(),
    });
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  async #evaluate(bundle: Bundle): Promise<AppImage> {
    const { host, bases, hasConsolePlaces: hasPlaces, images = null } = this.#services;
    const { limits, name, secrets } = this.config;
    const base = await bases.for(bundle.code);
    const made = { base, limits, bundle, env: JSON.stringify(variablesOf(this.config)), bindings: bindingsOf(this.config), hasPlaces };
    // What the config keeps secret is in the image.
    const cache = Object.keys(secrets).length > 0 ? null : images;
    this.#imageName = cache?.nameOf(made) ?? null;
    const known = this.#imageName === null ? null : ((await cache?.get(this.#imageName, base)) ?? null);
    if (known !== null) return known;
    const result = await makeImage({ ...made, ...(this.#isTrial ? { limits: { ...limits, logBytes: 0 } } : {}), host, account: this.#account, app: name, requestId: this.loadId, mapStack: this.#mapStack });
    const { image, kill, failure, isPure } = result;
    if (image === null) throw this.#topLevelError(bundle, this.redact(describeResult(result)), this.redact(kill?.stack ?? failure?.stack ?? ""));
    if (this.#imageName !== null && isPure) void cache?.put(this.#imageName, image);
    return image;
  }

  #topLevelError({ entry }: Bundle, message: string, stack: string): LoadError {
    const [, file = entry, line = 0, column = 0] = this.#services.hasPlaces ? (/^(.*):(\d+):(\d+)$/.exec(placeOfStack(stack)) ?? []) : [];
    return new LoadError({ file, line: Number(line), column: Number(column), message, frame: this.#services.hasPlaces ? this.redact(this.frameOf(stack)) : "", stack });
  }
}

/** What `LoadBundle` needs to know of an app. */
export function loadOptionsOf({ main, build, hasCode, assets, limits }: AppConfig): LoadOptions {
  return {
    maxBundleBytes: limits.bundleBytes,
    maxModules: limits.modules,
    main,
    build,
    hasCode,
    assets: assets === null ? null : { directory: assets.directory, maxFiles: limits.assetFiles, maxFileBytes: limits.assetFileBytes },
  };
}

/** Every text and number in `value`, at any depth, of `least` characters or more. */
function textsIn(value: Json, least: number): readonly string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap((inner) => textsIn(inner, least));
  return (typeof value === "string" || typeof value === "number") && String(value).length >= least ? [String(value)] : [];
}
