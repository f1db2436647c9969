/** The few statistics that the benchmarks use. Not a number where there is nothing to tell. */

/** `q` from 0 to 1; `sorted` in ascending order. `endless` further values lie above all of them: what never came counts as infinitely late. */
export function quantile(sorted: readonly number[], q: number, endless = 0): number {
  const count = sorted.length + endless;
  if (count === 0) return Number.NaN;
  return sorted[Math.min(count - 1, Math.floor(count * q))] ?? Number.POSITIVE_INFINITY;
}

export function median(values: readonly number[]): number {
  return quantile([...values].sort((a, b) => a - b), 0.5);
}
