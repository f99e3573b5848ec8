import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parse } from 'yaml';

import { run } from './run.ts';

/** Objects that do not have the shape of their kind: what is off, where, what to do, and the exit code. */

const folder = mkdtempSync(join(tmpdir(), 'podscrape-malformed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const BEFORE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n';
const SPEC = 'spec:\n  containers:\n  - name: web\n    image: i\n    ports:\n    - containerPort: 8080\n';
const POD = `${BEFORE}apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    podscrape.dev/port: "8080"
${SPEC}`;
const DEPLOYMENT = `${BEFORE}apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata:
      labels: {app: on}
      annotations: {podscrape.dev/port: "8080"}
${SPEC.replace(/^/gm, '    ').trimEnd()}
`;

const REFUSED = 'the API server refuses it as it is, so that nothing is scraped; see the problems';
const PARTIAL = 'it is no whole object, so that it is left alone; see the problems';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly kind: string;
  readonly code: number;
  readonly because: string;
  /** The line of the file, and what is said of it. */
  readonly faults: readonly (readonly [line: number, level: string, message: string])[];
}

const cases: readonly Case[] = [
  {
    name: 'annotations without quotes',
    text: POD.replace('"8080"', '8080\n    prometheus.io/scrape: true'),
    kind: 'Pod',
    code: 1,
    because: REFUSED,
    faults: [
      [
        10,
        'error',
        'podscrape.dev/port: is read as the number 8080, and annotations are texts; put it in quotes',
      ],
      [
        11,
        'error',
        'prometheus.io/scrape: is read as the boolean true, and annotations are texts; put it in quotes',
      ],
    ],
  },
  {
    name: 'a label of a pod template without quotes',
    text: DEPLOYMENT,
    kind: 'Deployment',
    code: 1,
    because: REFUSED,
    faults: [[11, 'error', 'app: is read as the boolean true, and labels are texts; put it in quotes']],
  },
  {
    name: 'a port number in quotes',
    text: POD.replace('containerPort: 8080', 'containerPort: "8080"'),
    kind: 'Pod',
    code: 1,
    because: REFUSED,
    faults: [
      [
        16,
        'error',
        'spec.containers[0].ports[0].containerPort: is the text "8080", and a number from 1 to 65535 is wanted; take the quotes away',
      ],
    ],
  },
  {
    name: 'a part of a Pod that asks: nothing would be scraped',
    text: POD.replace(SPEC, 'spec: {}\n'),
    kind: 'Pod',
    code: 2,
    because: PARTIAL,
    faults: [[11, 'warning', 'spec.containers: is missing: a list is wanted; left alone']],
  },
  {
    name: 'a part of a Pod that asks for nothing',
    text: POD.replace(SPEC, '').replace('podscrape.dev/port', 'a'),
    kind: 'Pod',
    code: 0,
    because: PARTIAL,
    faults: [[5, 'warning', 'spec: is missing: a mapping is wanted; left alone']],
  },
];

interface Printed {
  readonly because: string;
  readonly eligibility: string;
  readonly faults: readonly { readonly line: number; readonly level: string; readonly message: string }[];
}

suite('podscrape explain of what does not have the shape', () => {
  for (const [index, { name, text, kind, code, because, faults }] of cases.entries())
    test(name, async () => {
      const path = join(folder, `${index}.yaml`);
      writeFileSync(path, text);
      const table = await run('explain', '-f', path);
      assert.deepEqual([table.code, table.stderr], [code, '']);
      assert.ok(table.stdout.includes(`\n  who          out: it does not have the shape of a ${kind}\n`));
      assert.ok(table.stdout.includes(`\n  outcome      skipped (malformed): ${because}\n`), table.stdout);
      const lines = faults.map(([line, level, message]) => `${level}: ${path}:${line}: ${message}\n`);
      const before = `\n  problems     ${lines.join(' '.repeat(15))}`;
      assert.ok(table.stdout.includes(before), table.stdout);
      for (const format of ['json', 'yaml'] as const) {
        const { code: again, stdout } = await run('explain', '-f', path, '-o', format);
        const [record] = parse(stdout) as readonly [Printed];
        assert.deepEqual([again, record.because], [code, because]);
        assert.deepEqual(
          record.faults,
          faults.map(([line, level, message]) => ({ line, level, message })),
        );
      }
      // The same place and the same words as those of inject.
      const injected = await run('inject', '-f', path);
      const said = faults.map(([line, level, message]) => [
        `${path}:${line}: ${kind}/web (document 2): ${level}: ${message}`,
      ]);
      assert.equal(injected.stderr, `${said.join('\n')}\n`);
      assert.equal(injected.code, code === 1 ? 1 : 0);
    });

  test('what has the shape has no faults', async () => {
    const path = join(folder, 'good.yaml');
    writeFileSync(path, POD);
    const { code, stdout } = await run('explain', '-f', path, '-o', 'json');
    assert.equal(code, 0);
    assert.ok(!('faults' in (JSON.parse(stdout) as [object])[0]));
  });
});
