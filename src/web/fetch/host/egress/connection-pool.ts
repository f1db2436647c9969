/**
 * Connections to upstreams that wait for the next subrequest of the same app. Who takes one has resolved the name and checked the address anew: what is kept is the
 * connection, not the decision. They are few, they wait for a short time, and one that says anything while it waits is closed.
 */
import type { Socket } from "node:net";
import { limitValue } from "../../../../limits.ts";

/** What a connection is good for. */
export interface Route {
  readonly app: string;
  /** Scheme, name and port of the URL: what TLS has proven, and what the upstream takes the connection for. */
  readonly origin: string;
  readonly address: string;
}

export interface Keeping {
  /** How long it may wait. Milliseconds. */
  readonly idleMs: number;
  /** How many of the app may wait. */
  readonly mostOfApp: number;
}

interface Idle {
  readonly route: Route;
  readonly socket: Socket;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly drop: () => void;
}

const EVENTS = ["data", "end", "error", "close"] as const;

export class ConnectionPool {
  readonly #most: number;
  /** Those of all apps, longest wait first. */
  readonly #idle = new Set<Idle>();
  #isClosed = false;

  /** `most`: how many may wait, of all apps together. */
  constructor(most: number = limitValue("fetch_idle_connections_total")) {
    this.#most = most;
  }

  get size(): number {
    return this.#idle.size;
  }

  /** The one for any of `routes` that has waited least; null when there is none. It is paused, and the caller's from now on. */
  take(routes: readonly Route[]): { readonly socket: Socket; readonly address: string } | null {
    const idle = [...this.#idle].findLast(({ route }) => routes.some((wanted) => route.app === wanted.app && route.origin === wanted.origin && route.address === wanted.address));
    if (idle === undefined) return null;
    const { socket, route } = idle;
    this.#forget(idle);
    socket.pause();
    socket.ref();
    return { socket, address: route.address };
  }

  /** `socket` has nothing to say and nobody to hear it. Takes it over. */
  put(route: Route, socket: Socket, { idleMs, mostOfApp }: Keeping): void {
    if (this.#isClosed || idleMs <= 0 || mostOfApp <= 0 || socket.destroyed) {
      socket.destroy();
      return;
    }
    const drop = (): void => {
      this.#forget(idle);
      socket.destroy();
    };
    const timer = setTimeout(drop, idleMs);
    const idle: Idle = { route, socket, timer, drop };
    for (const event of EVENTS) socket.on(event, drop);
    socket.resume();
    socket.unref();
    (timer as { unref?: () => void }).unref?.();
    this.#idle.add(idle);
    const ofApp = [...this.#idle].filter((other) => other.route.app === route.app);
    if (ofApp.length > mostOfApp) ofApp[0]?.drop();
    const [oldest] = this.#idle;
    if (this.#idle.size > this.#most) oldest?.drop();
  }

  close(): void {
    this.#isClosed = true;
    for (const { drop } of [...this.#idle]) drop();
  }

  #forget(idle: Idle): void {
    this.#idle.delete(idle);
    clearTimeout(idle.timer);
    for (const event of EVENTS) idle.socket.off(event, idle.drop);
  }
}
