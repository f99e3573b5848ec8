import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { scratch } from '../tools/scratch.ts';
import { ensureBinaries } from './binaries.ts';
import { alertRules, RULES_FILE } from './observability/rules.ts';
import { RULE_CASES } from './observability/rule-cases.ts';
import type { RuleCase } from './observability/rule-cases.ts';
import { run } from './processes.ts';
import { requireSoftware } from './software/require.ts';

const suite = 'promtool and the alerts';

describe(suite, await requireSoftware(suite, { binaries: ['promtool'] }), () => {
  const promtool = async (...args: readonly string[]) => {
    const { promtool: command } = await ensureBinaries(['promtool']);
    return run(command, args, { timeoutMs: 60_000 });
  };

  test('it takes the rules, and warns about nothing', async () => {
    const { code, stdout, stderr } = await promtool(
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      RULES_FILE,
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, new RegExp(`SUCCESS: ${alertRules().length} rules found`));
  });

  test('each alert fires in one case at least, and keeps quiet in another', () => {
    const names = alertRules().map(({ alert }) => alert);
    const having = (fires: boolean) =>
      RULE_CASES.filter((one) => one.fires.length > 0 === fires).map(({ alert }) => alert);
    assert.deepEqual(new Set(having(true)), new Set(names));
    assert.deepEqual(new Set(having(false)), new Set(names));
  });

  test('each alert does in each case what it should', async (t) => {
    const file = join(scratch(t), 'cases.json');
    // JSON is YAML.
    const tests = RULE_CASES.map(unitTest);
    writeFileSync(file, JSON.stringify({ rule_files: [RULES_FILE], evaluation_interval: '1m', tests }));
    const { code, stdout, stderr } = await promtool('test', 'rules', file);
    assert.equal(code, 0, stdout + stderr);
  });
});

/** In the form of `promtool test rules`. */
function unitTest({ alert, name, series, at, fires }: RuleCase): object {
  const severity = alertRules().find((rule) => rule.alert === alert)?.labels['severity'] ?? '';
  const firing = { alertname: alert, alertstate: 'firing', severity };
  return {
    name: `${alert}: ${name}`,
    interval: '1m',
    input_series: series.map(({ metric, labels, values }) => ({ series: metric + text(labels), values })),
    promql_expr_test: [
      {
        expr: `ALERTS{alertname="${alert}",alertstate="firing"}`,
        eval_time: at,
        exp_samples: fires.map((labels) => ({ labels: `ALERTS${text({ ...firing, ...labels })}`, value: 1 })),
      },
    ],
  };
}

function text(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
