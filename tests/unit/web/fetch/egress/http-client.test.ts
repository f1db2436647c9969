import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "bun:test";
import { Exchange, type ExchangeOptions } from "../../../../../src/web/fetch/host/egress/http-client.ts";
import { failure, latin1 } from "./fixture.ts";

class FakeSocket extends EventEmitter {
  destroyed = false;
  isPaused = true;
  write(): boolean {
    return true;
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

const exchangeOn = (socket: FakeSocket, options: Partial<ExchangeOptions> = {}): Exchange =>
  new Exchange(socket as unknown as Socket, { method: "GET", head: latin1("GET / HTTP/1.1\r\n\r\n"), body: null }, { headersMs: 1000, idleMs: 1000, readAheadBytes: 65_536, signal: new AbortController().signal, budget: { usedBytes: 0, limitBytes: 0 }, onRest: () => {}, keep: null, ...options });

test("a sender of single bytes fills the read-ahead long before it has sent as many", () => {
  const socket = new FakeSocket();
  const exchange = exchangeOn(socket);
  socket.emit("data", latin1("HTTP/1.1 200 OK\r\n\r\n"));
  let pieces = 0;
  while (!socket.isPaused && pieces < 65_536) {
    socket.emit("data", latin1("x"));
    pieces++;
  }
  expect(pieces).toBeLessThan(1_000);
  exchange.cancel();
});

test("a rested exchange reads on when somebody takes of it", async () => {
  const socket = new FakeSocket();
  const rests: boolean[] = [];
  const exchange = exchangeOn(socket, { onRest: (isResting) => rests.push(isResting) });
  socket.emit("data", latin1("HTTP/1.1 200 OK\r\n\r\n"));
  socket.emit("data", new Uint8Array(65_536));
  expect([socket.isPaused, rests]).toEqual([true, [true]]);
  expect((await exchange.pull())?.byteLength).toBe(65_536);
  expect([socket.isPaused, rests]).toEqual([false, [true, false]]);
  exchange.cancel();
});

test("a connection that broke before it was used is a failure, not a wait", async () => {
  const socket = new FakeSocket();
  socket.destroyed = true;
  const exchange = exchangeOn(socket);
  expect(await failure(exchange.head)).toBe("TypeError: fetch failed: the connection to the upstream broke");
  await exchange.finished;
});

test("a connection that came too late for its guest is closed at once", async () => {
  const socket = new FakeSocket();
  const exchange = exchangeOn(socket, { signal: AbortSignal.abort(new Error("gone")) });
  expect([await failure(exchange.head), socket.destroyed]).toEqual(["no guest error: gone", true]);
});

test("what arrives after the end changes nothing", async () => {
  const socket = new FakeSocket();
  const exchange = exchangeOn(socket);
  socket.emit("data", latin1("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
  for (const event of ["end", "error", "close"]) socket.emit(event, new Error("late"));
  socket.emit("data", latin1("more"));
  expect(Buffer.from((await exchange.pull()) ?? []).toString()).toBe("hi");
  expect(await exchange.pull()).toBeNull();
});
