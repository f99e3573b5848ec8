/**
 * `npm run bench:relabel`: what rules cost, against Prometheus' own Go code with the same rules and labels, and against
 * the same engine that also tells its steps. All run in turn, so that the ratios hold on a noisy machine; the absolute
 * times do not.
 */
import { makeLabels } from '../src/prometheus/labels.ts';
import { compileRule } from '../src/prometheus/relabel-rule.ts';
import { relabel, relabelOnly } from '../src/prometheus/relabel.ts';
import type { RelabelConfig } from '../src/prometheus/scrape-config.ts';
import { rulesYaml, startOracle } from '../test/prometheus/relabel-oracle.ts';

const annotation = (name: string): string => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;

/** What a job for annotated Pods is made of. */
const configs: readonly RelabelConfig[] = [
  { source_labels: [annotation('scrape')], action: 'keep', regex: 'true' },
  { source_labels: ['__meta_kubernetes_pod_phase'], action: 'drop', regex: 'Pending|Succeeded|Failed' },
  { source_labels: [annotation('path')], regex: '(.+)', target_label: '__metrics_path__' },
  {
    source_labels: ['__address__', annotation('port')],
    regex: '([^:]+)(?::\\d+)?;(\\d+)',
    target_label: '__address__',
    replacement: '$1:$2',
  },
  { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
  { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
  { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
];

const targets = Array.from({ length: 50 }, (_, index) => ({
  __address__: `10.0.0.${index}:8080`,
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_pod_name: `web-${index}`,
  __meta_kubernetes_pod_phase: index % 10 === 0 ? 'Pending' : 'Running',
  [annotation('scrape')]: index % 7 === 0 ? 'false' : 'true',
  [annotation('port')]: '9102',
  [annotation('path')]: '/metrics',
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_label, label) => [
      `__meta_kubernetes_pod_label_l${label}`,
      `value-${label}`,
    ]),
  ),
}));

const rules = configs.flatMap((config) => {
  const compiled = compileRule(config, 'utf8');
  return 'rule' in compiled ? [compiled.rule] : [];
});
const labels = targets.map((target) => makeLabels(Object.entries(target)));

const ROUNDS = 15;
const TIMES = 100;

const oracle = await startOracle();
const micros: number[] = [];
const toGo: number[] = [];
const toTold: number[] = [];
for (let round = -3; round < ROUNDS; round++) {
  const plain = time(() => labels.forEach((target) => relabelOnly(target, rules)));
  const told = time(() => labels.forEach((target) => relabel(target, rules)));
  const [answer] = await oracle.ask([{ rules: rulesYaml(configs), labels: targets, times: TIMES }]);
  const go = (answer?.nanoseconds ?? NaN) / 1000 / TIMES;
  // The first rounds warm the compiler up.
  if (round < 0) continue;
  micros.push(plain / targets.length);
  toGo.push(plain / go);
  toTold.push(told / plain);
}
oracle.stop();
process.stdout.write(
  `${rules.length} rules, ${labels[0]?.size ?? 0} labels: ${median(micros).toFixed(1)} µs a target, ` +
    `${median(toGo).toFixed(1)} × Prometheus' own code; with steps ${median(toTold).toFixed(2)} × as long\n`,
);

/** Microseconds a call. */
function time(call: () => unknown): number {
  const start = performance.now();
  for (let index = 0; index < TIMES; index++) call();
  return ((performance.now() - start) * 1000) / TIMES;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
