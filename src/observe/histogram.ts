/** Counts values by size, as Prometheus' histograms do: cheap enough for every request. */

/** Plain data: `counts[i]` values at most `bounds[i]` but above the bound before, the last one those above all. */
export interface HistogramData {
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` ascend. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] as number)) i++;
    (this.#counts[i] as number)++;
    this.#sum += value;
  }

  /** A copy. */
  data(): HistogramData {
    return { counts: [...this.#counts], sum: this.#sum };
  }
}

export function countOf({ counts }: HistogramData): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

export function sumOf(a: HistogramData, b: HistogramData): HistogramData {
  return { counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)), sum: a.sum + b.sum };
}
