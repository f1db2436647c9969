/** The catalogue of host functions as one numbered table, built once per process from the rooms. A guest calls an op by the number its native function was made with. */
import type { Handlers, Op, OpTable } from "./op.ts";
import type { OpContext } from "./invocation.ts";

/** The host side of one room. */
export interface Room {
  readonly name: string;
  readonly ops: OpTable;
  readonly handlers: Handlers<any, OpContext>;
}

/** Checks that `handlers` supplies exactly what `ops` declares. */
export const room = <T extends OpTable>(name: string, ops: T, handlers: Handlers<T, OpContext>): Room => ({ name, ops, handlers });

export interface TableEntry {
  readonly name: string;
  readonly op: Op<unknown[], unknown>;
  readonly handler: (ctx: OpContext, ...args: unknown[]) => unknown;
}

/** What the guest's stubs pass on, see `web/infra/guest/stub.ts`. */
const MAX_ARGUMENTS = 6;

export class OpRegistry {
  #entries: readonly TableEntry[];

  constructor(rooms: readonly Room[]) {
    const entries: TableEntry[] = [];
    for (const { name: roomName, ops, handlers } of rooms)
      for (const [name, op] of Object.entries(ops)) {
        if (entries.some((entry) => entry.name === name)) throw new Error(`op ${name} is declared twice`);
        const handler = (handlers as Record<string, unknown>)[name];
        if (typeof handler !== "function") throw new Error(`room ${roomName} has no handler for ${name}`);
        if (op.args.length > MAX_ARGUMENTS) throw new Error(`op ${name} has more than ${MAX_ARGUMENTS} arguments`);
        entries.push({ name, op, handler: handler.bind(handlers) as TableEntry["handler"] });
      }
    this.#entries = entries;
  }

  get entries(): readonly TableEntry[] {
    return this.#entries;
  }

  /** The same ops, of which the `watched` ones tell when they are called. */
  watched(isWatched: (name: string) => boolean, tell: () => void): OpRegistry {
    const copy = new OpRegistry([]);
    copy.#entries = this.#entries.map((entry): TableEntry => {
      if (!isWatched(entry.name)) return entry;
      return {
        ...entry,
        handler: (ctx, ...args) => {
          tell();
          return entry.handler(ctx, ...args);
        },
      };
    });
    return copy;
  }

  /** Changes when an op is added, removed or moved: a snapshot of other ops must not be used. */
  get signature(): string {
    return this.entries.map(({ name, op }) => `${name}/${op.mode}/${op.args.map((wire) => wire.kind).join(",")}`).join(" ");
  }
}
