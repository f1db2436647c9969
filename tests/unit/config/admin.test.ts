import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { socketOf, socketOfFile } from "../../../src/config/admin-socket.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { formatProblem } from "../../../src/errors.ts";
import { temporaryFolder } from "../../harness/nano.ts";
import { errorOf, oneApp, parse, problemsOf } from "./fixture.ts";

const TOKEN = "CANARY-0123456789abcdef0123456789";
const withAdmin = (admin: object) => ({ ...oneApp({}), admin });
const told = (admin: object) => problemsOf(withAdmin(admin)).map(({ field, message }) => `${field}: ${message}`);

describe("the admin section", () => {
  test("is a socket of this user unless it says otherwise", () => {
    expect(parse(oneApp({})).admin).toEqual({ isEnabled: true, socket: null, port: null, host: "127.0.0.1", hostnames: [], token: null });
    expect(parse(withAdmin({ socket: "run/admin.sock", enabled: false })).admin).toMatchObject({ isEnabled: false, socket: "/srv/run/admin.sock" });
  });

  test("a port needs a token of 32 characters", () => {
    expect(parse(withAdmin({ port: 9100, token: TOKEN, host: "[::1]", hostnames: ["ADMIN.test"] })).admin).toMatchObject({ port: 9100, token: TOKEN, host: "::1", hostnames: ["admin.test"] });
    expect(told({ port: 9100 })).toEqual(["admin.port: a port needs a token: everybody on this machine can connect to it"]);
    expect(told({ port: 9100, token: TOKEN.slice(0, 31) })).toEqual(["admin.token: the token is shorter than 32 characters, or has others than printable ASCII without spaces"]);
    expect(told({ port: 9100, token: `${TOKEN} x` })).toHaveLength(1);
    expect(told({ port: 9100, token: 5 })).toEqual(['admin.token: must be text, { "from_env": "NAME" } or { "from_file": "path" }, not 5']);
    expect(told({ port: 9100, token: TOKEN, token_file: "t" })).toContain("admin.token_file: token is there as well");
  });

  test("no text repeats the token", () => {
    for (const admin of [{ port: 9100, token: `${TOKEN} ` }, { port: 9100, token: TOKEN, token_file: "t" }, { port: 9100, token: [TOKEN] }, { port: 9100, tokne: TOKEN }]) expect(errorOf(withAdmin(admin)).message).not.toContain("CANARY");
  });

  test("the token may come from a file or the environment, and is read again with the config", async () => {
    const folder = await temporaryFolder({ token: `${TOKEN}\n`, "nano.json": JSON.stringify(withAdmin({ port: 0, token_file: "token" })) });
    const load = () => loadConfig(join(folder, "nano.json"), folder);
    const config = await load();
    expect([config.admin.token, config.envFiles]).toEqual([TOKEN, [join(folder, "token")]]);
    writeFileSync(join(folder, "token"), TOKEN.toLowerCase());
    expect((await load()).admin.token).toBe(TOKEN.toLowerCase());
    expect(told({ port: 0, token_file: "gone" })).toEqual(["admin.token_file: the token is to come from the file gone: there is no such file"]);
    expect(told({ port: 0, token: { from_env: "NOT_SET_HERE" } })).toEqual(["admin.token: the token is to come from the environment variable NOT_SET_HERE: it is not set"]);
  });

  test("listens beyond this machine only when told so, and then with a warning", () => {
    expect(told({ port: 9100, token: TOKEN, host: "0.0.0.0" })).toEqual(["admin.host: 0.0.0.0 is not of this machine alone"]);
    for (const host of ["127.0.0.1", "127.8.9.1", "::1", "localhost"]) expect(parse(withAdmin({ port: 9100, token: TOKEN, host })).warnings).toEqual([]);
    expect(told({ public: true })).toEqual(["admin.public: the admin API is never on the port of the apps"]);
    const { warnings, admin } = parse(withAdmin({ port: 9100, token: TOKEN, host: "0.0.0.0", public: true }));
    expect([admin.host, warnings.map(formatProblem)]).toEqual(["0.0.0.0", [expect.stringContaining("admin.public: the admin API listens on 0.0.0.0, without TLS")]]);
  });

  test("a token in a file that others may read gets a warning", async () => {
    const folder = await temporaryFolder({ "nano.json": JSON.stringify(withAdmin({ port: 0, token: TOKEN })) });
    const file = join(folder, "nano.json");
    chmodSync(file, 0o644);
    expect((await loadConfig(file, folder)).warnings.map(({ code }) => code)).toEqual(["secrets_exposed"]);
    chmodSync(file, 0o600);
    expect((await loadConfig(file, folder)).warnings).toEqual([]);
  });

  test("a mistyped key is told with the one that was meant", () => {
    expect(problemsOf(withAdmin({ sokcet: "x" }))).toMatchObject([{ field: "admin.sokcet", hint: 'did you mean "socket"?' }]);
  });
});

describe("the socket's place", () => {
  test("is the same for nano and for a command that has only the file", async () => {
    const folder = await temporaryFolder({ "nano.json": JSON.stringify(oneApp({})), "own.json": JSON.stringify(withAdmin({ socket: "./a.sock" })) });
    for (const name of ["nano.json", "own.json"]) {
      const file = join(folder, name);
      expect(await socketOfFile(file, "/run/user/7")).toBe(socketOf(await loadConfig(file, folder), "/run/user/7"));
    }
    expect(await socketOfFile(join(folder, "nano.json"), "/run/user/7")).toMatch(/^\/run\/user\/7\/nano\/nano-[\da-f]{8}\.sock$/);
    expect(await socketOfFile(join(folder, "own.json"), undefined)).toBe(join(folder, "a.sock"));
  });
});
