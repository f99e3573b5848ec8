import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { APISERVER_METRICS, NODE_METRICS } from '../../scripts/docs-metrics.ts';
import { ROWS } from '../../scripts/dashboard-panels.ts';
import { dashboardJson } from '../../scripts/dashboard.ts';
import type { MetricRow } from '../../src/telemetry/metric-row.ts';
import { METRICS } from '../../src/telemetry/metrics.ts';
import { alertRules } from '../cluster/observability/rules.ts';

const RUNBOOK = 'docs/runbook.md';
const runbook = readFileSync(join(import.meta.dirname, '../..', RUNBOOK), 'utf8');
const queries = ROWS.flatMap(({ panels }) =>
  panels.flatMap((panel) => panel.queries.map(({ expr }) => expr)),
);
const expressions = [...alertRules().map(({ expr }) => expr), ...queries];

suite('alerts', () => {
  test('each has its section in the runbook, and each section is an alert’s', () => {
    const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    assert.deepEqual(
      sections,
      alertRules().map(({ alert }) => alert),
    );
  });

  for (const { alert, labels, annotations } of alertRules()) {
    test(`${alert} says how bad it is, what is wrong, and where it is written what to do`, () => {
      assert.match(labels['severity'] ?? '', /^(critical|warning|info)$/);
      assert.match(annotations['summary'] ?? '', /^[A-Za-z].*[^.]$/);
      assert.match(annotations['description'] ?? '', /\.$/);
      assert.equal(annotations['runbook_url'], `${RUNBOOK}#${alert.toLowerCase()}`);
      const section = runbook.split(`## ${alert}\n`)[1]?.split('\n## ')[0] ?? '';
      assert.match(section, new RegExp(`^\n${labels['severity']}\\.`, 'i'));
      assert.match(section, /^- See: /m);
      assert.match(section, /^- Do: /m);
    });
  }

  test('the runbook searches whole logs: of Pods by label kubectl shows ten lines', () => {
    const commands = [...runbook.matchAll(/^.*\bkp logs -l .*$/gm)].map(([line]) => line);
    assert.ok(commands.length > 2);
    for (const command of commands) assert.match(command, / --tail=/);
  });

  test('the runbook links to sections that are there', () => {
    for (const [, name = ''] of runbook.matchAll(/\]\(#([a-z]+)\)/g)) {
      assert.ok(
        alertRules().some(({ alert }) => alert.toLowerCase() === name),
        name,
      );
    }
  });
});

suite('the queries of alerts and dashboard', () => {
  const known: Readonly<Record<string, MetricRow | undefined>> = METRICS;
  const others = new Set([...Object.keys(NODE_METRICS), ...Object.keys(APISERVER_METRICS)]);

  test('ask for metrics that are in the docs', () => {
    for (const expr of expressions) {
      for (const [name = ''] of expr.matchAll(/\b(?:podscrape|apiserver|nodejs|process)_[a-z0-9_]+/g)) {
        const base = name.replace(/_(bucket|sum|count)$/, '');
        assert.ok(known[name] ?? known[base] ?? (others.has(name) || others.has(base)), `${name} in ${expr}`);
      }
    }
  });

  test('ask for labels and values that the metrics have', () => {
    for (const expr of expressions) {
      for (const [, name = '', selector = ''] of expr.matchAll(/\b(podscrape_[a-z0-9_]+)\{([^}]*)\}/g)) {
        const { labels = {} } = known[name.replace(/_bucket$/, '')] ?? {};
        for (const [, label = '', value = ''] of selector.matchAll(/([a-z_]+)!?=~?"([^"]*)"/g)) {
          if (['job', 'namespace', 'exported_namespace'].includes(label)) continue;
          const values = labels[label]?.values;
          assert.ok(values, `${name} has no label ${label} with known values`);
          for (const one of value.split('|')) assert.ok(values.includes(one), `${label}="${one}" of ${name}`);
        }
      }
    }
  });

  test('the dashboard shows every metric of podscrape', () => {
    const hidden = Object.keys(METRICS).filter((name) => !queries.some((expr) => expr.includes(name)));
    assert.deepEqual(hidden, NOT_SHOWN);
  });
});

/** What only rules need. */
const NOT_SHOWN = ['podscrape_config_reloads_total', 'podscrape_certificate_not_before_timestamp_seconds'];

interface Placed {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly datasource: object }[];
}

suite('the dashboard', () => {
  const dashboard = JSON.parse(dashboardJson()) as Readonly<Record<string, unknown>> & {
    readonly panels: readonly Placed[];
  };
  const { panels } = dashboard;

  test('is nobody’s in particular', () => {
    assert.equal(dashboard['id'], null);
    const text = JSON.stringify(dashboard);
    for (const [, uid] of text.matchAll(/"datasource":\{[^}]*"uid":"([^"]*)"/g))
      assert.equal(uid, '${datasource}');
    assert.doesNotMatch(text, /__inputs|"orgId"|"gnetId"|https?:/);
  });

  test('has panels with numbers and places of their own', () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h }, title }) => {
      assert.ok(x + w <= 24, title);
      return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
  });

  test('names each variable that it uses', () => {
    const used = new Set(
      queries.flatMap((expr) => [...expr.matchAll(/\$([a-z]+)\b/g)].map(([, name]) => name)),
    );
    const { list } = dashboard['templating'] as { readonly list: readonly { readonly name: string }[] };
    assert.deepEqual(new Set(list.map(({ name }) => name)), new Set(['datasource', ...used]));
  });

  test('has each panel’s title once in its row', () => {
    for (const { title, panels: inRow } of ROWS) {
      assert.equal(new Set(inRow.map((panel) => panel.title)).size, inRow.length, title);
    }
  });
});
