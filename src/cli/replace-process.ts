/** Lets another program, or another start of this one, take the place of this process. Imports nothing: it is the first code that the executable runs. */

const LIBC: Readonly<Record<string, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

/** Returns only when it did not work. */
export async function replaceProcess(argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  try {
    const { dlopen, FFIType, ptr } = await import("bun:ffi");
    for (const name of LIBC[process.platform] ?? []) {
      const library = open(() => dlopen(name, { execve: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 } }));
      if (library === null) continue;
      const kept: Buffer[] = [];
      const text = (value: string) => {
        const buffer = Buffer.from(`${value}\0`);
        kept.push(buffer);
        return BigInt(ptr(buffer));
      };
      const list = (values: readonly string[]) => BigUint64Array.from([...values.map(text), 0n]);
      const args = list([process.execPath, ...argv]);
      const variables = list(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
      library.symbols.execve(Number(text(process.execPath)) as never, ptr(args), ptr(variables));
      return;
    }
  } catch {
    // No foreign functions here: a child does it.
  }
}

function open<T>(load: () => T): T | null {
  try {
    return load();
  } catch {
    return null;
  }
}
