/** `nano dev --profile`: what each request burnt, in the terminal, and the latest of them as a flame graph in a file. */
import { writeFile } from "node:fs/promises";
import { type Observer, silent } from "../../../observe/observer.ts";
import type { ProfileRecord } from "../../../observe/profile.ts";
import { flameGraphPage, type ProfiledRequest } from "./flame-graph.ts";

export interface ProfilerOptions {
  /** Absolute. */
  readonly file: string;
  show(request: ProfiledRequest): void;
  tellFault(error: unknown): void;
}

/** In the file. */
const MOST_REQUESTS = 50;
/** Of which only a half is known yet: the answer, or the end of the work. */
const MOST_HALVES = 1_000;
const WRITE_AFTER_MS = 100;

type Half = { readonly request?: Omit<ProfiledRequest, "profile">; readonly profile?: ProfileRecord };

export class Profiler {
  readonly #options: ProfilerOptions;
  readonly #halves = new Map<string, Half>();
  readonly #requests: ProfiledRequest[] = [];
  #writing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: ProfilerOptions) {
    this.#options = options;
  }

  readonly observer: Observer = {
    ...silent,
    request: ({ requestId, app, method, path, status }) => {
      if (app !== "") this.#add(requestId, { request: { app, method, path, status } });
    },
    invocation: ({ requestId, profile }) => {
      if (profile !== null) this.#add(requestId, { profile });
    },
  };

  /** What has been seen is in the file then. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const page = flameGraphPage(this.#requests);
    this.#writing = this.#writing.then(() => writeFile(this.#options.file, page)).catch((error: unknown) => this.#options.tellFault(error));
    await this.#writing;
  }

  #add(requestId: string, half: Half): void {
    const { request, profile } = { ...this.#halves.get(requestId), ...half };
    this.#halves.delete(requestId);
    if (request === undefined || profile === undefined) {
      this.#halves.set(requestId, half);
      const [oldest] = this.#halves.keys();
      if (this.#halves.size > MOST_HALVES && oldest !== undefined) this.#halves.delete(oldest);
      return;
    }
    const profiled = { ...request, profile };
    this.#requests.push(profiled);
    if (this.#requests.length > MOST_REQUESTS) this.#requests.shift();
    this.#options.show(profiled);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }
}
