/** The dashboard asks only for what nano exposes, with labels that it has. */
import { expect, test } from "bun:test";
import dashboard from "../../../docs/grafana/nano.json";
import { type Metric, type MetricName, metrics } from "../../../src/observe/metrics.ts";

const queries = [...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), ...dashboard.templating.list.map(({ query }) => query)];
/** The metrics of `query`, each with the labels that it is filtered or grouped by. */
function metricsIn(query: string): { readonly name: string; readonly suffix: string; readonly labels: readonly string[] }[] {
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(",").map((label) => label.trim()));
  return [...query.matchAll(/\b(nano_\w+?)(_bucket|_sum|_count)?(?:\{([^}]*)\}|(?=[^\w{]|$))/g)].map(([, name = "", suffix = "", filter = ""]) => ({
    name,
    suffix,
    labels: [...grouped, ...[...filter.matchAll(/(\w+)\s*(?:=|!=|=~|!~)"/g)].map(([, label = ""]) => label)],
  }));
}

test("every panel asks for metrics that exist, in the form that they have", () => {
  const asked = queries.flatMap(metricsIn);
  expect(asked.length).toBeGreaterThan(20);
  for (const { name, suffix, labels } of asked) {
    const metric = metrics[name as MetricName] as Metric | undefined;
    expect({ name, isKnown: metric !== undefined }).toEqual({ name, isKnown: true });
    expect({ name, isHistogram: suffix !== "" }).toEqual({ name, isHistogram: metric?.kind === "histogram" });
    for (const label of labels) expect([name, ...(metric?.labels ?? []), ...(suffix === "_bucket" ? ["le"] : [])]).toContain(label);
  }
});

test("legends name labels that their query keeps", () => {
  for (const { targets } of dashboard.panels)
    for (const { expr, legendFormat } of targets)
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(expr.includes(`by (`) ? expr : metricsIn(expr).flatMap(({ name }) => (metrics[name as MetricName] as Metric).labels).join()).toContain(label);
});
