/** Boots the base: a fresh engine, the ops as native functions, our guest code evaluated once. What comes out is the snapshot that every isolate starts from. */
import { type Engine, EngineInstance } from "./engine.ts";
import { plugHoles } from "../memory/free-memory.ts";
import { readString } from "./values.ts";
import type { OpRegistry } from "../op-table.ts";
import { keepStacks, takeException } from "./thrown.ts";
import { trackRejections } from "./rejections.ts";
import { type Snapshot, takeBase } from "../memory/snapshot.ts";

export interface Base {
  readonly snapshot: Snapshot;
  /** Event names in the guest's order, from 1. */
  readonly events: ReadonlyMap<string, number>;
}

const READY = 0;
/** Measured for an app of one line: 414 KB of its own without plugs, 213 KB from 512 on, whatever more is plugged. */
const HOLE_BYTES = 512;
const BOOT_MEMORY_BYTES = 64 << 20;

/** Throws when the guest code fails: that is a defect of ours, with the guest's stack in the message. */
export function boot(engine: Engine, ops: OpRegistry, guestCode: string): Base {
  let names: string | null = null;
  const instance: EngineInstance = new EngineInstance(
    engine,
    {
      callFunction(_argc, argv, id) {
        if (id !== READY) throw new Error(`op ${ops.entries[id - 1]?.name} was called while booting`);
        names = readString(instance, argv + 8, 1 << 16) ?? "";
        instance.pointers.deliver = instance.exports.QTS_DupValuePointer(instance.pointers.context, argv);
        instance.prepareContexts(instance.exports.QTS_DupValuePointer(instance.pointers.context, argv + 16));
        trackRejections(instance, instance.exports.QTS_DupValuePointer(instance.pointers.context, argv + 24));
        keepStacks(instance, argv + 32, instance.exports.QTS_DupValuePointer(instance.pointers.context, argv + 40));
        return 0;
      },
      interrupt() {
        throw new Error("the bootstrap ran out of fuel");
      },
      grow: (bytes) => instance.grow(bytes),
      now: () => 0,
    },
    BOOT_MEMORY_BYTES,
  );
  instance.boot();
  instance.hideSource(true);
  const wrapped = evaluate(instance, `(function (__nanoOps, __nanoReady) { "use strict"; ${guestCode}\n})`);
  instance.hideSource(false);
  const native = nativeOps(instance, ops);
  const ready = instance.newFunction("ready", READY);
  instance.setArgument(0, native);
  instance.setArgument(1, ready);
  const { exports, pointers } = instance;
  unwrap(instance, exports.QTS_Call(pointers.context, wrapped, pointers.undefined, 2, pointers.argv));
  unwrap(instance, exports.QTS_ExecutePendingJob(pointers.runtime, -1, pointers.argv));
  for (const value of [wrapped, native, ready]) instance.free(value);
  if (names === null) throw new Error("the bootstrap did not call ready()");
  const events = new Map((names as string).split("\n").filter(Boolean).map((name, i) => [name, i + 1]));
  plugHoles(instance, HOLE_BYTES);
  return { snapshot: takeBase(instance), events };
}

function evaluate(instance: EngineInstance, code: string): number {
  const source = instance.newCString(code);
  const file = instance.newCString("nano:bootstrap");
  const result = instance.exports.QTS_Eval(instance.pointers.context, source.at, source.length, file.at, 0, 0);
  instance.exports.free(source.at);
  instance.exports.free(file.at);
  if (instance.isException(result)) throw new Error(`bootstrap: ${takeException(instance, result)}`);
  return result;
}

function nativeOps(instance: EngineInstance, ops: OpRegistry): number {
  const { exports, pointers } = instance;
  const object = exports.QTS_NewObject(pointers.context);
  for (const [index, { name }] of ops.entries.entries()) {
    const key = instance.newString(name);
    const fn = instance.newFunction(name, index + 1);
    exports.QTS_SetProp(pointers.context, object, key, fn);
    instance.free(key);
    instance.free(fn);
  }
  return object;
}

function unwrap(instance: EngineInstance, result: number): void {
  if (instance.isException(result)) throw new Error(`bootstrap: ${takeException(instance, result)}`);
  instance.free(result);
}
