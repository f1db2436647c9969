/** Speaks bytes to a server and reads what comes back, without an HTTP client that would mend or refuse them. */
import { connect } from "node:net";

export interface RawReply {
  readonly text: string;
  readonly statuses: readonly number[];
  readonly closed: boolean;
}

const patienceMs = 5000;
/** Ends a connection that should still work: its answer must be the last one. */
const sentinel = "GET /ok HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";

/**
 * Sends `bytes` (Latin-1) and reads until the server closes. With `answers`, a request that closes the connection follows once so many final
 * answers have begun, so the reply has one more. `closed` is false when the server did neither in time.
 */
export function exchange(port: number, bytes: string, answers: number | null): Promise<RawReply> {
  return new Promise((resolve) => {
    let text = "";
    let isSentinelSent = false;
    const socket = connect(port, "127.0.0.1");
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, statuses: statusesOf(text), closed });
    };
    const timer = setTimeout(() => finish(false), patienceMs);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (answers === null || isSentinelSent || statusesOf(text).filter((status) => status >= 200).length < answers) return;
      isSentinelSent = true;
      socket.write(sentinel);
    });
    // A server that refuses what it has not read resets the connection after its answer.
    socket.on("error", () => {});
    socket.on("close", () => finish(true));
    socket.write(Buffer.from(bytes, "latin1"));
  });
}

/** Sends `bytes` and leaves at once, so that the server finds a half-sent request. */
export function sendAndLeave(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.write(Buffer.from(bytes, "latin1"), () => socket.destroy());
  });
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** The JSON that the echo app answered with, by its place among the replies. */
export function seenBy(reply: RawReply): Record<string, unknown> {
  const json = /\{.*\}/.exec(reply.text.split("\r\n\r\n").slice(1).join("\r\n\r\n"))?.[0];
  return json === undefined ? {} : (JSON.parse(json) as Record<string, unknown>);
}
