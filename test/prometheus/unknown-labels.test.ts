import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';

import { attachedLabels } from '../../src/prometheus/attached.ts';
import type { Around } from '../../src/prometheus/attached.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import { makeLabels } from '../../src/prometheus/labels.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import { MAY_DROP, relabel } from '../../src/prometheus/relabel.ts';
import { compileRule } from '../../src/prometheus/relabel-rule.ts';
import type { AttachMetadata, RelabelConfig } from '../../src/prometheus/scrape-config.ts';
import { findTarget } from '../../src/prometheus/target.ts';
import { UnknownLabels } from '../../src/prometheus/unknown-labels.ts';
import type { UnknownName } from '../../src/prometheus/unknown-labels.ts';
import { Random } from '../fuzz/random.ts';
import { randomCase } from './relabel-random.ts';

const META = '__meta_kubernetes_';

describe('labels of other objects', () => {
  const attached = (attach: AttachMetadata, owner?: string, around: Around = {}): Record<string, unknown> => {
    const [kind = '', name = ''] = owner?.split('/') ?? [];
    const pod: RunningPod = {
      metadata: owner === undefined ? {} : { ownerReferences: [{ kind, name, controller: true }] },
      spec: { nodeName: 'one', containers: [] },
    };
    const { labels, unknown } = attachedLabels(pod, attach, around);
    const shown = unknown.map(({ name: label, isPrefix }) => [`${label}${isPrefix ? '…' : ''}`, '?']);
    const entries = [...labels, ...(shown as [string, string][])];
    return Object.fromEntries(entries.map(([label, value]) => [label.replace(META, ''), value]));
  };
  const namespace = { labels: { 'a.b/c': 'x' }, annotations: { empty: '' } };
  const CASES: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
    ['none', attached({}, 'Job/j', { namespace }), {}],
    ['the Job, by its reference alone', attached({ job: true }, 'Job/j'), { pod_job_name: 'j' }],
    ['no Job', attached({ job: true, cronjob: true }, 'ReplicaSet/r'), {}],
    [
      'a CronJob that is known',
      attached({ cronjob: true }, 'Job/j', { cronJob: 'c' }),
      { pod_cronjob_name: 'c' },
    ],
    ['a CronJob that is not', attached({ cronjob: true }, 'Job/j'), { pod_cronjob_name: '?' }],
    [
      'a Deployment that is known',
      attached({ deployment: true }, 'ReplicaSet/r', { deployment: 'd' }),
      { pod_deployment_name: 'd' },
    ],
    ['one that is not', attached({ deployment: true }, 'ReplicaSet/r'), { pod_deployment_name: '?' }],
    ['no ReplicaSet', attached({ deployment: true }, 'StatefulSet/s'), {}],
    [
      'a namespace that is known',
      attached({ namespace: true }, undefined, { namespace }),
      {
        namespace_label_a_b_c: 'x',
        namespace_labelpresent_a_b_c: 'true',
        namespace_annotationpresent_empty: 'true',
      },
    ],
    [
      'a namespace of which the labels are known',
      attached({ namespace: true }, undefined, { namespace: { labels: {} } }),
      { 'namespace_annotation_…': '?', 'namespace_annotationpresent_…': '?' },
    ],
    [
      'the node’s name, and nothing else of it',
      attached({ node: true }),
      {
        node_name: 'one',
        ...{ 'node_label_…': '?', 'node_labelpresent_…': '?' },
        ...{ 'node_annotation_…': '?', 'node_annotationpresent_…': '?' },
      },
    ],
  ];
  for (const [what, found, expected] of CASES) it(what, () => assert.deepEqual(found, expected));
});

describe('rules that read what is not known', () => {
  const NAMES: readonly UnknownName[] = [
    { name: `${META}namespace_label_`, isPrefix: true, of: 'namespace' },
    { name: `${META}pod_cronjob_name`, isPrefix: false, of: 'CronJob' },
  ];
  const outcome = (...rules: readonly RelabelConfig[]): string => {
    const compiled = compileJob({ job_name: 'j', relabel_configs: rules });
    assert.ok('job' in compiled);
    const labels = makeLabels([
      ['__address__', '10.0.0.7:80'],
      ['a', 'x'],
    ]);
    const { outcome: found } = findTarget(labels, compiled.job, NAMES);
    if (found.state === 'scraped') return found.target.unknown === undefined ? 'scraped' : 'scraped in part';
    return found.state === 'untold' ? `untold: ${found.reason}` : found.state;
  };
  const team = `${META}namespace_label_team`;
  const unknown = `${team}, which is metadata of the namespace and not known here`;
  const cron = `${META}pod_cronjob_name`;
  const NO: RelabelConfig = { source_labels: ['a'], regex: 'y', action: 'keep' };
  const map = (regex: string, replacement = '$1'): RelabelConfig => ({
    action: 'labelmap',
    regex,
    replacement,
  });
  const CASES: readonly (readonly [string, readonly RelabelConfig[], string | RegExp])[] = [
    ['none does', [{ source_labels: ['a'], regex: 'x', action: 'keep' }], 'scraped'],
    [
      'keep',
      [{ source_labels: [team], action: 'keep', regex: 'x' }],
      `untold: rule 1 (keep) reads ${unknown}`,
    ],
    [
      'drop, of two',
      [{ source_labels: ['a', cron], action: 'drop' }],
      /^untold: rule 1 \(drop\) reads \S+cronjob_name/,
    ],
    [
      'keepequal, by its target',
      [{ source_labels: ['a'], action: 'keepequal', target_label: team }],
      /^untold/,
    ],
    [
      'what a later rule drops is dropped',
      [{ source_labels: [team], action: 'keep', regex: 'x' }, NO],
      'dropped',
    ],
    ['a label for people', [{ source_labels: [team], target_label: 'team' }], 'scraped in part'],
    [
      'which is written anew',
      [
        { source_labels: [team], target_label: 'team' },
        { target_label: 'team', replacement: 'x' },
      ],
      'scraped',
    ],
    [
      'or taken away',
      [
        { source_labels: [team], target_label: 'team' },
        { action: 'labeldrop', regex: 'team' },
      ],
      'scraped',
    ],
    [
      'which a later rule reads',
      [
        { source_labels: [team], target_label: 'team' },
        { source_labels: ['team'], action: 'drop', regex: 'x' },
      ],
      /^untold: rule 2 \(drop\) reads \S+_team/,
    ],
    [
      'the path',
      [{ source_labels: [team], target_label: '__metrics_path__', regex: '(.+)' }],
      `untold: rule 1 (replace) may write __metrics_path__ from ${unknown}`,
    ],
    ['a parameter', [{ source_labels: [cron], target_label: '__param_x' }], /may write a parameter from/],
    [
      'any label',
      [{ source_labels: [cron], target_label: '$1', regex: '(.+)' }],
      /may write __address__ from/,
    ],
    ['a temporary label', [{ source_labels: [cron], target_label: '__tmp' }], 'scraped'],
    ['labelmap of them', [map(`${META}namespace_label_(.+)`)], 'scraped in part'],
    ['with a prefix', [map(`${META}namespace_label_(.+)`, 'ns_$1')], 'scraped in part'],
    ['to parameters', [map(`${META}namespace_label_(.+)`, '__param_$1')], /may write a parameter from/],
    ['of others', [map(`${META}pod_label_(.+)`)], 'scraped'],
    ['of all', [map('(.+)')], /^untold/],
    ['of one of two', [map(`a|${META}namespace_label_(.+)`, 'b')], 'scraped in part'],
    [
      'job is theirs then',
      [map(`${META}namespace_label_(.+)`), { source_labels: ['job'], action: 'keep', regex: 'j' }],
      /^untold: rule 2/,
    ],
    ['lower case', [{ source_labels: [team], target_label: 'team', action: 'lowercase' }], 'scraped in part'],
  ];
  for (const [what, rules, expected] of CASES)
    it(what, () => {
      if (typeof expected === 'string') assert.equal(outcome(...rules), expected);
      else assert.match(outcome(...rules), expected);
    });
});

describe('the name of a namespace', () => {
  const name = `${META}namespace_label_kubernetes_io_metadata_name`;
  const pod: RunningPod = { metadata: { namespace: 'shop' }, spec: { containers: [] } };
  for (const namespace of [{}, { labels: {} }])
    it(`is a label that is known, whatever else is: ${JSON.stringify(namespace)}`, () => {
      const { labels, unknown } = attachedLabels(pod, { namespace: true }, { namespace });
      assert.equal(labels.get(name), 'shop');
      const rules = [{ source_labels: [name], regex: 'shop', action: 'keep' as const }];
      const compiled = compileJob({ job_name: 'j', relabel_configs: rules });
      assert.ok('job' in compiled);
      const target = makeLabels([...labels, ['__address__', '10.0.0.7:80']]);
      assert.equal(findTarget(target, compiled.job, unknown).outcome.state, 'scraped');
    });
});

describe('what is said without knowing some labels', () => {
  const NAMES: readonly UnknownName[] = [
    { name: 'a', isPrefix: true, of: 'namespace' },
    { name: 'c', isPrefix: false, of: 'CronJob' },
  ];
  const VALUES = ['', 'a', 'b', 'ab', 'true'];
  /** Those of the alphabet that may be there. */
  const HIDDEN = ['ab', 'aB', 'aa', 'c'];

  it('holds whatever they are', () => {
    const count = { scraped: 0, dropped: 0, untold: 0 };
    for (let run = 0; run < 1500; run++) {
      const random = new Random(20261121, run);
      const { rules: configs, legacy, labels: all } = randomCase(random);
      const rules = configs.flatMap((config) => {
        const compiled = compileRule(config, legacy ? 'legacy' : 'utf8');
        return 'rule' in compiled ? [compiled.rule] : [];
      });
      const known = Object.entries(all[0] ?? {}).filter(
        ([name]) => name !== 'c' && !/^a[A-Za-z0-9]/.test(name),
      );
      const unknown = new UnknownLabels(NAMES);
      const said = relabel(makeLabels(known), rules, { unknown });
      const isSure = !said.steps.some(
        ({ effect, rule }) => effect === 'untold' && MAY_DROP.has(rules[rule]!.action),
      );
      count[said.labels === undefined ? 'dropped' : isSure ? 'scraped' : 'untold'] += 1;
      if (said.labels !== undefined && !isSure) continue;
      for (let other = 0; other < 4; other++) {
        const hidden = HIDDEN.map((name) => [name, random.pick(VALUES)] as const);
        const { labels } = relabel(makeLabels([...known, ...hidden]), rules);
        const what = `run ${run}: ${inspect({ known, hidden, configs }, { depth: 5 })}`;
        assert.equal(labels === undefined, said.labels === undefined, what);
        for (const name of new Set([
          ...(labels ?? new Map()).keys(),
          ...(said.labels ?? new Map()).keys(),
        ] as string[]))
          if (unknown.find(name) === undefined)
            assert.equal(said.labels?.get(name), labels?.get(name), `${name}, ${what}`);
      }
    }
    assert.ok(Math.min(...Object.values(count)) > 80, JSON.stringify(count));
  });
});
