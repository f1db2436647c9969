/** Reads the text format strictly, as promtool does: what is announced, in what order, and every sample. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export interface Family {
  readonly kind: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;

/** Throws an Error that names the line for anything that a scraper would refuse or warn about. */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { kind: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, help, helpText = ""] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    const [, type, kind = ""] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (help !== undefined) {
      if (families.has(help)) fail("announced twice");
      families.set(help, { kind: "", help: helpText, samples: [] });
      current = help;
    } else if (type !== undefined) {
      const family = families.get(type) ?? fail("a type without help");
      if (type !== current || family.kind !== "") fail("a type out of place");
      if ((kind === "counter") !== type.endsWith("_total")) fail("counters end with _total, and only they");
      family.kind = kind;
    } else {
      const [, name = fail("no sample"), block = "", number = ""] = SAMPLE.exec(line) ?? [];
      const labels: Record<string, string> = {};
      for (let rest = block; rest !== ""; ) {
        const [all = fail("no label"), key = "", value = "", end] = LABEL.exec(rest) ?? [];
        if (key in labels) fail("a label twice");
        labels[key] = value.replace(/\\([\\"n])/g, (_, c: string) => (c === "n" ? "\n" : c));
        rest = rest.slice(all.length);
        if (end === "," && rest === "") fail("a comma at the end");
      }
      const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
      if (Number.isNaN(value)) fail("no number");
      const family = families.get(current);
      const isOwn = family?.kind === "histogram" ? [`${current}_bucket`, `${current}_sum`, `${current}_count`].includes(name) : name === current;
      if (family === undefined || !isOwn) fail(`a sample among those of ${current}`);
      const key = `${name}{${block}}`;
      if (seen.has(key)) fail("a sample twice");
      seen.add(key);
      family?.samples.push({ name, labels, value });
    }
  }
  for (const [name, { kind, samples }] of families) if (kind === "histogram") checkBuckets(name, samples);
  return families;
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const last = new Map<string, { le: number; count: number }>();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(others);
    const before = last.get(key);
    if (sample === `${name}_bucket`) {
      const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
      if (before !== undefined && (bound <= before.le || value < before.count)) throw new Error(`buckets of ${name} do not ascend`);
      last.set(key, { le: bound, count: value });
    } else if (sample === `${name}_count` && (before?.le !== Number.POSITIVE_INFINITY || before.count !== value)) throw new Error(`the count of ${name} is not that of its last bucket`);
  }
}
