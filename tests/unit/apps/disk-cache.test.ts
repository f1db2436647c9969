import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskCache } from "../../../src/apps/cache/disk-cache.ts";

const root = mkdtempSync(join(tmpdir(), "nano-disk-cache-"));
afterAll(() => rmSync(root, { recursive: true }));

let parent = "";
let told: [what: string, fields: Readonly<Record<string, string>>][] = [];
let count = 0;
beforeEach(() => {
  parent = join(root, String(count++));
  told = [];
});

const MB = 1 << 20;
const nameOf = (text: string) => createHash("sha256").update(text).digest("hex");
const [A, B] = [nameOf("a"), nameOf("b")] as const;
const text = (data: Uint8Array | null) => (data === null ? null : Buffer.from(data).toString());
const open = (mostBytes = 16 * MB) => DiskCache.open(parent, { mostBytes, tell: (what, fields) => told.push([what, fields]) });
const opened = (mostBytes?: number): DiskCache => {
  const cache = open(mostBytes);
  if (cache === null) throw new Error(JSON.stringify(told));
  return cache;
};
const folder = () => join(parent, "nano-cache-1");
const pathOf = (name: string) => join(folder(), name);

describe("the disk cache", () => {
  test("what one process puts in, another one finds", async () => {
    await opened().put(A, Buffer.from("hello"));
    expect(text(opened().get(A))).toBe("hello");
    expect(opened().get(B)).toBeNull();
    expect(told).toEqual([]);
  });

  test("megabytes come back as they were", async () => {
    const data = crypto.getRandomValues(new Uint8Array(60_000));
    const large = Buffer.concat(Array.from({ length: 50 }, () => data));
    await opened().put(A, large);
    expect(large.equals(opened().get(A) as Uint8Array)).toBe(true);
  });

  test("folder, key and entries are this user's alone", async () => {
    await opened().put(A, Buffer.from("hello"));
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder())) expect(statSync(pathOf(name)).mode & 0o777).toBe(0o600);
  });

  test("many processes that begin at once agree on the key", () => {
    const first = Array.from({ length: 4 }, () => opened());
    expect(first).toHaveLength(4);
    expect(readdirSync(folder())).toEqual(["key"]);
  });

  test.each([
    ["one byte is different", (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.byteLength - 1]! ^= 1;
      writeFileSync(path, bytes);
    }],
    ["it is cut off", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 42))],
    ["it is empty", (path: string) => writeFileSync(path, "")],
    ["something else lies there", (path: string) => writeFileSync(path, "x".repeat(1000), { mode: 0o600 })],
    ["it is another one under its name", (path: string) => renameSync(pathOf(nameOf("other")), path)],
    ["others may read it", (path: string) => chmodSync(path, 0o644)],
    ["it is a link to an entry", (path: string) => {
      renameSync(path, `${folder()}/aside`);
      symlinkSync(`${folder()}/aside`, path);
    }],
  ])("an entry is ignored, told and removed when %s", async (_what, spoil) => {
    const cache = opened();
    await cache.put(A, Buffer.from("hello"));
    await cache.put(nameOf("other"), Buffer.from("other"));
    spoil(pathOf(A));
    expect(cache.get(A)).toBeNull();
    expect(told).toEqual([[expect.stringMatching("disk_cache_ignored"), expect.objectContaining({ file: pathOf(A) })]]);
    expect(cache.get(A)).toBeNull();
    expect(told).toHaveLength(1);
    await cache.put(A, Buffer.from("again"));
    expect(text(cache.get(A))).toBe("again");
  });

  test("with another key nothing of before is believed", async () => {
    await opened().put(A, Buffer.from("hello"));
    rmSync(pathOf("key"));
    expect(opened().get(A)).toBeNull();
    expect(told.map(([what]) => what)).toEqual(["disk_cache_ignored"]);
  });

  test.each([
    ["others may write to it", () => {
      mkdirSync(folder(), { recursive: true });
      chmodSync(folder(), 0o777);
    }],
    ["others may look into it", () => mkdirSync(folder(), { recursive: true, mode: 0o755 })],
    ["others may put another one in its place", () => {
      mkdirSync(folder(), { recursive: true, mode: 0o700 });
      chmodSync(parent, 0o777);
    }],
    ["it is a link", () => {
      mkdirSync(parent);
      mkdirSync(join(parent, "real"), { mode: 0o700 });
      symlinkSync(join(parent, "real"), folder());
    }],
    ["it is a file", () => {
      mkdirSync(parent);
      writeFileSync(folder(), "");
    }],
    ["a link leads to where others may write", () => {
      mkdirSync(`${parent}-open`);
      chmodSync(`${parent}-open`, 0o777);
      symlinkSync(`${parent}-open`, parent);
    }],
    ["there can be no folder", () => writeFileSync(parent, "")],
    ["its key is too short", () => {
      mkdirSync(folder(), { recursive: true, mode: 0o700 });
      writeFileSync(pathOf("key"), "short", { mode: 0o600 });
    }],
    ["others may read its key", () => {
      opened();
      chmodSync(pathOf("key"), 0o644);
    }],
  ])("there is none, and it is told why, when %s", (_what, spoil) => {
    spoil();
    expect(open()).toBeNull();
    expect(told).toEqual([["disk_cache_off", { folder: folder(), error: expect.any(String) }]]);
  });

  test.skipIf(process.getuid?.() !== 0)("there is none where the folder above is somebody else's, who could put another one in its place", () => {
    opened();
    chownSync(parent, 4_711, 0);
    expect(open()).toBeNull();
    expect(told).toEqual([["disk_cache_off", { folder: folder(), error: `${parent} belongs to somebody else` }]]);
  });

  test("a disk that takes no more is told once, and what is there is still found", async () => {
    const cache = opened();
    await cache.put(A, Buffer.from("hello"));
    renameSync(folder(), `${folder()}-away`);
    await cache.put(B, Buffer.from("x"));
    await cache.put(B, Buffer.from("x"));
    renameSync(`${folder()}-away`, folder());
    expect(told.map(([what]) => what)).toEqual(["disk_cache_unwritten"]);
    expect(text(cache.get(A))).toBe("hello");
  });

  test("what was used least recently goes when there is too much", async () => {
    const cache = opened(10_000);
    const names = Array.from({ length: 12 }, (_, i) => nameOf(`entry ${i}`));
    for (const [i, name] of names.entries()) {
      // A sweep comes by itself, after so much has been written; these are small enough for one at the end.
      writeFileSync(pathOf(name), new Uint8Array(1_000), { mode: 0o600 });
      utimesSync(pathOf(name), 1_000_000 + i, 1_000_000 + i);
    }
    await cache.put(A, new Uint8Array(1_000));
    await cache.sweep();
    const left = readdirSync(folder()).filter((name) => name !== "key");
    expect(left).toHaveLength(8);
    expect(left).toContain(A);
    expect(left).not.toContain(names[0]);
    expect(left).toContain(names.at(-1) as string);
  });

  test("an entry that is used counts as new", async () => {
    const cache = opened();
    await cache.put(A, Buffer.from("hello"));
    utimesSync(pathOf(A), 1_000_000, 1_000_000);
    cache.get(A);
    expect(statSync(pathOf(A)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });

  test("one that is larger than all may be is not written, and a name that is no hash reaches no file", async () => {
    const cache = opened(1_000);
    await cache.put(A, new Uint8Array(1_001));
    expect(readdirSync(folder())).toEqual(["key"]);
    expect(() => cache.get("../key")).toThrow("not the name");
  });
});
