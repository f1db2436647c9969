/** The log's way out: whole lines in order, and nothing that a reader does or fails to do stops whoever writes. */
import { afterEach, expect, test } from "bun:test";
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogWriter } from "../../../src/observe/log-writer.ts";

const folders: string[] = [];
const inFolder = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), "nano-log-"));
  folders.push(folder);
  return join(folder, name);
};
const opened: number[] = [];
const open = (path: string, flags: number | string) => {
  const fd = openSync(path, flags);
  opened.push(fd);
  return fd;
};
afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test("lines come out whole and in order, those written during a write too", async () => {
  const file = inFolder("log");
  const writer = new LogWriter(open(file, "w"));
  const lines = Array.from({ length: 1_000 }, (_, i) => `${i} ${"é".repeat(i % 50)}\n`);
  for (const [i, line] of lines.entries()) {
    writer.write(line);
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.flush(5_000);
  expect(readFileSync(file, "utf8")).toBe(lines.join(""));
});

test.skipIf(!existsSync("/dev/full"))("a disk that is full takes the lines and nothing else", async () => {
  const writer = new LogWriter(open("/dev/full", "w"));
  for (let i = 0; i < 10; i++) {
    writer.write("lost\n");
    await writer.flush(5_000);
  }
});

test.skipIf(process.platform === "win32")("a reader that does not read costs lines, which are counted once it reads again", async () => {
  const path = inFolder("pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const fd = open(path, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = new LogWriter(fd);
  const line = `${"x".repeat(999)}\n`;
  const written = 20_000;
  for (let i = 0; i < written; i++) {
    writer.write(line);
    if (i % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // It gives up waiting; the lines are still there for a reader.
  await writer.flush(10);
  const chunk = Buffer.alloc(1 << 16);
  let text = "";
  let kept = 0;
  let told = 0;
  for (let i = 0; i < 100_000 && kept + told < written; i++)
    try {
      text += chunk.toString("latin1", 0, readSync(fd, chunk));
      const lines = text.split("\n");
      text = lines.pop() as string;
      for (const one of lines)
        if (one === "x".repeat(999)) kept++;
        else told += (JSON.parse(one) as { event: "log_dropped"; lines: number }).lines;
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
      // What was dropped is told with the next line that there is room for.
      writer.write(line);
    }
  expect(told).toBeGreaterThan(0);
  expect(kept).toBeLessThan(written);
  expect(kept + told).toBeGreaterThanOrEqual(written);
  // The descriptor is closed only when nothing more goes to it: by then its number may be another file's.
  let isWriting = true;
  void writer.flush(20_000).then(() => {
    isWriting = false;
  });
  while (isWriting)
    try {
      readSync(fd, chunk);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
});
