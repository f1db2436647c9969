/** What subrequests reach, in the executable: kept connections, and nano's own listener. */
import { createServer, type Socket } from "node:net";
import { expect, test } from "bun:test";
import { NanoProcess } from "../harness/nano.ts";

const FETCHING = `export default { async fetch(request, env) {
  if (new URL(request.url).pathname === "/seen") return new Response("seen");
  const texts = [];
  for (const url of (request.headers.get("urls") ?? "").split(" ")) texts.push(await fetch(url).then((response) => response.text(), (error) => error.message));
  return Response.json(texts);
} };\n`;

const DENIED = "fetch to this address is not allowed";

test("an app reaches nano's own listener only where it is allowed to by host and port", async () => {
  const port = await freePort();
  const app = (name: string, allow: readonly string[]) => ({ name, path: "./app.js", hostnames: [`${name}.test`], ...(name === "open" ? { default: true } : {}), egress: { allow } });
  const nano = await NanoProcess.serve({ port, host: "0.0.0.0", apps: [app("open", ["127.0.0.0/8", "localhost"]), app("named", [`127.0.0.1:${port}`])] }, { "app.js": FETCHING });
  const urls = `http://127.0.0.1:${port}/seen http://localhost:${port}/seen http://127.0.0.2:${port}/seen`;
  const reached = async (host: string) => (await nano.request(host, "/", { headers: { urls } })).json();
  expect(await reached("open.test")).toEqual([DENIED, DENIED, DENIED]);
  expect(await reached("named.test")).toEqual(["seen", DENIED, DENIED]);
  const denied = () => nano.log.filter(({ event }) => event === "egress_denied").length;
  await nano.waitFor(() => denied() >= 5, "five refusals in the log");
  expect(denied()).toBe(5);
  await nano.stop();
});

test("subrequests one after the other share a connection, apps do not, and a stop does not wait for those that are kept", async () => {
  const sockets = new Set<Socket>();
  const upstream = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup"));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(upstream.address() as { port: number }).port}/`;
  const app = (name: string) => ({ name, hostname: `${name}.test`, path: "./app.js", egress: { allow: ["127.0.0.1"] } });
  const nano = await NanoProcess.serve({ apps: [app("one"), app("two")] }, { "app.js": FETCHING });
  for (const host of ["one.test", "two.test", "one.test"]) expect(await (await nano.request(host, "/", { headers: { urls: `${url} ${url} ${url}` } })).json()).toEqual(["up", "up", "up"]);
  expect(sockets.size).toBe(2);
  nano.signal("SIGTERM");
  expect(await nano.exited()).toBe(0);
  await new Promise<void>((resolve) => upstream.close(() => resolve()));
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
