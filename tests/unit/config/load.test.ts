import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findConfig, loadConfig } from "../../../src/config/load.ts";
import { OperatorError } from "../../../src/errors.ts";

const GOOD = '{ "apps": [{ "path": "./a.js" }] }';
const isRoot = process.getuid?.() === 0;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nano-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function told(path: string): Promise<string> {
  try {
    await loadConfig(path, folder);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  throw new Error("this config was accepted");
}

describe("reading a config", () => {
  test("paths are relative to the config file, not to the working directory", async () => {
    const config = await loadConfig(await file("deep/er/nano.json", GOOD), folder);
    expect(config.apps[0]?.path).toBe(join(folder, "deep/er/a.js"));
    expect(config.file).toBe(join(folder, "deep/er/nano.json"));
  });

  test("a byte order mark does no harm", async () => {
    expect((await loadConfig(await file("bom.json", `\ufeff${GOOD}`), folder)).apps).toHaveLength(1);
  });

  test("a symbolic link is followed", async () => {
    await file("real.json", GOOD);
    await symlink("real.json", join(folder, "link.json"));
    expect((await loadConfig(join(folder, "link.json"), folder)).apps).toHaveLength(1);
  });

  test("a config of exactly 1 MB is read, one byte more is refused", async () => {
    const text = GOOD.padEnd(1 << 20, " ");
    expect((await loadConfig(await file("full.json", text), folder)).apps).toHaveLength(1);
    expect(await told(await file("over.json", `${text} `))).toBe("over.json: the file has more than 1048576 bytes\n  a config file has at most 1 MB: is this the right file?");
  });
});

describe("a config that cannot be read is told with the way out", () => {
  test("it does not exist", async () => {
    expect(await told(join(folder, "elsewhere.json"))).toBe("elsewhere.json: there is no such file\n  name the config with --config <file>, or serve one app: nano serve ./app.js");
    expect(await told(join(folder, "no/such/nano.json"))).toStartWith("no/such/nano.json: there is no such file");
  });

  test("its name is mistyped", async () => {
    await file("typo/nano.json", GOOD);
    expect(await told(join(folder, "typo/nanno.json"))).toBe(`typo/nanno.json: there is no such file\n  did you mean ${join("typo", "nano.json")}?`);
  });

  test("it is a folder", async () => {
    await file("typo/nano.json", GOOD);
    expect(await told(join(folder, "typo"))).toBe("typo: this is a folder, not a config file\n  name the file in it, for example typo/nano.json");
  });

  test.skipIf(process.platform === "win32")("it is a device or a pipe that nobody writes to", async () => {
    const pipe = join(folder, "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    for (const path of [pipe, "/dev/zero"]) expect(await told(path)).toContain("this is a device, a pipe or a socket, not a file");
  });

  test.skipIf(isRoot || process.platform === "win32")("it may not be read (not tried as root, who may read everything)", async () => {
    const path = await file("secret.json", GOOD);
    await chmod(path, 0o000);
    expect(await told(path)).toBe("secret.json: the file cannot be read (EACCES)\n  allow the user that runs nano to read it");
  });

  test("it is a link to itself", async () => {
    await symlink("loop.json", join(folder, "loop.json"));
    expect(await told(join(folder, "loop.json"))).toStartWith("loop.json: the file cannot be read (ELOOP)");
  });

  test("it is UTF-16", async () => {
    expect(await told(await file("wide.json", new Uint8Array([0xff, 0xfe, 0x7b, 0x00])))).toBe("wide.json:1:1: the file is UTF-16\n  save the file with the encoding UTF-8");
  });

  test.each([
    ["in the middle", [0x7b, 0x0a, 0xc3, 0xa9, 0xff, 0x7d], "2:2"],
    ["at the end, where a character is cut", [0x7b, 0x0d, 0x0a, 0x20, 0xe2, 0x82], "2:2"],
    ["where a character is broken off", [0xe2, 0x82, 0x20], "1:1"],
    ["as an overlong form", [0x7b, 0xc0, 0xaf], "1:2"],
  ] as const)("it has a byte that is not UTF-8 %s", async (name, bytes, place) => {
    expect(await told(await file(`${name}.json`, new Uint8Array(bytes)))).toBe(`${name}.json:${place}: here is a byte that is not UTF-8\n  save the file with the encoding UTF-8`);
  });
});

test("an environment that is asked of a file that has none is told, and not passed over", async () => {
  const path = await file("plain.json", GOOD);
  await expect(loadConfig(path, folder, { environment: "staging" })).rejects.toThrow('there are no environments in this file, and so no "staging"');
  expect((await loadConfig(path, folder)).apps).toHaveLength(1);
});

describe("finding a config", () => {
  test("the one that was asked for, else nano.json, else config.json, else none", async () => {
    const at = join(folder, "find");
    await mkdir(at);
    expect(findConfig(at, undefined)).toBeUndefined();
    await file("find/config.json", GOOD);
    expect(findConfig(at, undefined)).toBe(join(at, "config.json"));
    await file("find/nano.json", GOOD);
    expect(findConfig(at, undefined)).toBe(join(at, "nano.json"));
    expect(findConfig(at, "other.json")).toBe(join(at, "other.json"));
  });
});
