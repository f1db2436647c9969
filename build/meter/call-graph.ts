/**
 * Recursion is the other way to run for long without a loop. Picks functions such that every cycle of calls, direct or through a
 * table, either passes a loop head or enters one of them; charging their entry leaves no way to repeat anything for nothing.
 */
import { readCode } from "./function-body.ts";
import { OP, type Instruction } from "./instructions.ts";
import type { FunctionType, Module } from "./sections.ts";

/**
 * For each function the functions that it may call without having paid: a call inside a loop comes after the charge at the loop's head, so
 * it does not count. A call through a table may reach whatever of that type is in any table.
 */
export type CallGraph = ReadonlyMap<number, ReadonlySet<number>>;

export function readCallGraph(module: Module): CallGraph {
  const byType = new Map<string, number[]>();
  for (const body of module.functions) {
    if (!module.tableFunctions.has(body.index)) continue;
    const key = typeKey(body.type);
    byType.set(key, [...(byType.get(key) ?? []), body.index]);
  }
  return new Map(
    module.functions.map((body) => {
      const callees = new Set<number>();
      for (const { opcode, operand } of unpaid(readCode(body).instructions)) {
        if (opcode === OP.call && operand >= module.importedFunctions) callees.add(operand);
        else if (opcode === OP.callIndirect) for (const callee of byType.get(typeKey(module.types[operand])) ?? []) callees.add(callee);
      }
      return [body.index, callees];
    }),
  );
}

/** The instructions that are in no loop. */
function* unpaid(instructions: readonly Instruction[]): Generator<Instruction> {
  const open: number[] = [];
  let loops = 0;
  for (const instruction of instructions) {
    const { opcode } = instruction;
    if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) {
      open.push(opcode);
      if (opcode === OP.loop) loops++;
    } else if (opcode === OP.end && open.pop() === OP.loop) loops--;
    if (loops === 0) yield instruction;
  }
}

function typeKey(type: FunctionType | undefined): string {
  return `${type?.params}:${type?.results}`;
}

/**
 * Functions without which no cycle is left. Greedy: from each knot of mutual recursion the function with the most ways through it,
 * and `avoided` only when it calls itself.
 */
export function breakCycles(graph: CallGraph, avoided: number): Set<number> {
  const chosen = new Set<number>();
  const pending = findKnots(graph, new Set(graph.keys()));
  for (let knot = pending.pop(); knot !== undefined; knot = pending.pop()) {
    const inside = knot;
    const incoming = new Map<number, number>();
    const outgoing = new Map<number, number>();
    for (const caller of inside)
      for (const callee of graph.get(caller) ?? [])
        if (inside.has(callee)) {
          incoming.set(callee, (incoming.get(callee) ?? 0) + 1);
          outgoing.set(caller, (outgoing.get(caller) ?? 0) + 1);
        }
    const ways = (index: number) => (index === avoided ? 0 : (incoming.get(index) ?? 0) * (outgoing.get(index) ?? 0));
    const busiest = [...inside].reduce((best, index) => (ways(index) > ways(best) ? index : best));
    chosen.add(busiest);
    inside.delete(busiest);
    pending.push(...findKnots(graph, inside));
  }
  return chosen;
}

/** Sets of functions that can all reach each other by calls within `among`; functions that cannot reach themselves are in none (Tarjan). */
export function findKnots(graph: CallGraph, among: ReadonlySet<number>): Set<number>[] {
  const knots: Set<number>[] = [];
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const path: number[] = [];
  const onPath = new Set<number>();
  const lower = (index: number, value: number) => low.set(index, Math.min(low.get(index) as number, value));
  for (const root of among) {
    if (order.has(root)) continue;
    const frames: { index: number; callees: Iterator<number> }[] = [];
    const enter = (index: number) => {
      order.set(index, order.size);
      low.set(index, order.get(index) as number);
      path.push(index);
      onPath.add(index);
      frames.push({ index, callees: (graph.get(index) ?? new Set<number>()).values() });
    };
    enter(root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { index } = frame;
      const next = frame.callees.next();
      if (next.done !== true) {
        if (!among.has(next.value)) continue;
        if (!order.has(next.value)) enter(next.value);
        else if (onPath.has(next.value)) lower(index, order.get(next.value) as number);
        continue;
      }
      frames.pop();
      const caller = frames.at(-1);
      if (caller !== undefined) lower(caller.index, low.get(index) as number);
      if (low.get(index) !== order.get(index)) continue;
      const knot = new Set(path.splice(path.lastIndexOf(index)));
      for (const member of knot) onPath.delete(member);
      if (knot.size > 1 || graph.get(index)?.has(index) === true) knots.push(knot);
    }
  }
  return knots;
}
