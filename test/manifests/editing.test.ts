import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { injected, messages, takenOut } from './support.ts';
import { engineConfig } from '../core/support.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n';
const ASKED = '  annotations:\n    podscrape.dev/port: "8080"\n';

/** Nothing of the text may change where a change would reach other places, and the message says where and what to do. */
describe('what is not to be edited passes as it is, and is told', () => {
  const cases: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
    'annotations behind an alias': [
      `x: &a\n  podscrape.dev/port: "8080"\n${POD}  annotations: *a\nspec:\n  containers: [{name: web}]\n`,
      /^error: Pod\/a: metadata\.annotations stands behind the alias \*a; write it out in its place/,
    ],
    'annotations that an alias repeats': [
      `${POD}  annotations: &a\n    podscrape.dev/port: "8080"\nspec:\n  containers: [{name: web}]\nx: *a\n`,
      /^error: Pod\/a: metadata\.annotations is under the anchor &a, which \*a on line 9 repeats; write that out$/,
    ],
    'a container that an alias repeats': [
      `${POD}${ASKED}spec:\n  containers:\n  - &c\n    name: web\nx: [*c]\n`,
      /^error: Pod\/a: spec\.containers\[0\] is under the anchor &c, which \*c on line 11 repeats/,
    ],
    'a block text without a line end at the end': [
      `${POD}${ASKED}spec:\n  containers:\n  - name: web\n    args:\n    - |\n      a`,
      /^error: Pod\/a: the document ends in a block text without a line end; add one$/,
    ],
    'annotations by a merge key': [
      `x: &m\n  annotations:\n    podscrape.dev/port: "8080"\n${POD.replace('metadata:\n', 'metadata:\n  <<: *m\n')}spec:\n  containers: [{name: web}]\n`,
      /^error: Pod\/a: metadata\.annotations comes by a merge key \(<<\); write it out here/,
    ],
  };
  for (const [name, [text, message]] of Object.entries(cases)) {
    it(name, () => {
      const result = injected(text);
      assert.equal(result.text, text);
      assert.deepEqual(result.results, ['refused']);
      const errors = messages(result).filter((line) => line.startsWith('error'));
      assert.equal(errors.length, 1, JSON.stringify(messages(result)));
      assert.match(errors[0]!, message);
    });
  }

  it('a key that stands twice: the text is read again, and would not say what is meant', () => {
    const twice = '    prometheus.io.scheme: HTTPS\n'.repeat(2);
    const text = `${POD}${ASKED}${twice}spec:\n  containers: [{name: web}]\n`;
    const result = injected(text);
    assert.equal(result.text, text);
    assert.match(
      messages(result).at(0)!,
      /^error: Pod\/a: left alone: the text would not read back as meant; does a key stand/,
    );
  });

  it('an anchor that nothing repeats is no obstacle, nor is a merge key beside the change', () => {
    const text = `x: &m {labels: {a: b}}\n${POD.replace('metadata:\n', 'metadata: &free\n  <<: *m\n')}${ASKED}spec:\n  containers: [{name: web}]\n`;
    const { text: after, results } = injected(text);
    assert.deepEqual(results, ['injected']);
    assert.match(after, / {4}prometheus\.io\/port: "8080"\n/);
    assert.equal(takenOut(after).text, text);
  });
});

describe('documents that cannot be read pass as they are', () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    [`${POD}\tspec: 1\n`, /^error: document: column \d+: is not YAML: /],
    ['a: [1,\n', /^error: document: column \d+: is not YAML: /],
    ['a: *b\n', /^error: document: column 4: no anchor &b stands before \*b$/],
    ['a: &b [*b]\n', /^error: document: column 8: \*b stands inside its own anchor$/],
    ['a: 1\n--- {b: 1}\n', /^error: document: column 5: a second document, which kubectl does not read/],
    ['{{- if .Values.on }}\na: 1\n{{- end }}\n', /^error: document: column \d+: /],
    ['a: {<<: 1}\n', /map merge requires a map/],
    ['? [a]\n: 1\n', /a key is no text/],
    [`a: ${'['.repeat(400)}${']'.repeat(400)}\n`, /nested too deeply/],
    [
      `a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n${[1, 2, 3, 4, 5, 6, 7].map((n) => `a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(',')}]\n`).join('')}`,
      /aliases stand for too many values/,
    ],
  ];
  for (const [text, message] of cases) {
    it(JSON.stringify(text.slice(0, 40)), () => {
      const result = injected(text);
      assert.equal(result.text, text);
      assert.equal(result.findings.length, 1);
      assert.match(messages(result)[0]!, message);
      assert.equal(takenOut(text).text, text);
    });
  }
});

describe('objects that are none of podscrape’s, or odd', () => {
  const quiet: readonly string[] = [
    '',
    '# nothing\n',
    'null\n',
    'just text\n',
    '- a\n- b\n',
    'kind: Pod\n',
    'apiVersion: v2\nkind: Pod\nspec: {containers: [{name: a}]}\n',
    'apiVersion: v1\nkind: List\nitems: []\n',
    'apiVersion: v1\nkind: List\nitems: null\n',
    'apiVersion: v1\nkind: ConfigMap\ndata:\n  podscrape.dev/port: x\n',
    '__proto__: {kind: Pod}\nconstructor: 1\n',
  ];
  for (const text of quiet) {
    it(JSON.stringify(text.slice(0, 40)), () => {
      assert.deepEqual(injected(text), { text, findings: [], results: [] });
      assert.deepEqual(takenOut(text), { text, findings: [], results: [] });
    });
  }

  it('an annotation that is a number to kubectl', () => {
    const text = `${POD}${ASKED.replace('"8080"', '8080')}spec:\n  containers: [{name: web}]\n`;
    const result = injected(text);
    assert.equal(result.text, text);
    assert.deepEqual(messages(result), [
      'error: Pod/a: podscrape.dev/port: is read as the number 8080, and annotations are texts; put it in quotes',
    ]);
  });

  it('a template that nobody rendered', () => {
    const hint = /; if this is a template, render it first \(helm template\)$/;
    for (const text of [`{{- if .Values.web }}\n${POD}`, `${POD}spec: {{ .Values.spec }}\n`]) {
      const result = injected(text);
      assert.equal(result.text, text);
      assert.match(messages(result).join(), hint);
    }
    assert.doesNotMatch(messages(injected('a: [\n')).join(), hint);
  });

  it('a Pod without containers is left alone, with a word', () => {
    assert.deepEqual(messages(injected(`${POD}${ASKED}spec: {}\n`)), [
      'warning: Pod/a: spec.containers: is missing: a list is wanted; left alone',
    ]);
  });
});

describe('what is added looks like the rest', () => {
  const text = `${POD}${ASKED}spec:\n  containers:\n  - name: web\n`;

  it('in the line ends of the document', () => {
    const after = injected(text.replaceAll('\n', '\r\n')).text;
    assert.doesNotMatch(after, /[^\r]\n/);
    assert.equal(after, injected(text).text.replaceAll('\n', '\r\n'));
  });

  it('in the line ends that most lines have, whatever the first one has', () => {
    const windows = text.replaceAll('\n', '\r\n');
    const { text: after } = injected(`---\n# Source: shop/templates/web.yaml\n${windows}`);
    assert.equal(
      after,
      `---\n# Source: shop/templates/web.yaml\n${injected(text).text.replaceAll('\n', '\r\n')}`,
    );
    assert.equal(injected(`#\r\n${text}`).text, `#\r\n${injected(text).text}`);
  });

  it('in the items of a typed list, which need not name their kind', () => {
    const item = text.replace('apiVersion: v1\nkind: Pod\n', '').replaceAll(/^(?=.)/gm, '  ');
    const list = `apiVersion: v1\nkind: PodList\nitems:\n- ${item.trimStart()}`;
    const { text: after, results } = injected(list);
    assert.deepEqual(results, ['injected']);
    assert.ok(
      after.endsWith(
        '    - name: web\n      ports:\n      - name: web-metrics\n        containerPort: 8080\n        protocol: TCP\n',
      ),
      after,
    );
  });
});

describe('what another configuration injected', () => {
  const web = `${POD}${ASKED}spec:\n  containers:\n  - name: web\n`;
  const indented = web.slice(web.indexOf('metadata:')).replaceAll(/^(?=.)/gm, '    ');
  const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n${indented}`;
  const other = { ...engineConfig(), hash: 'other' };

  it('stays in a workload to the letter, its record too', () => {
    const { text } = injected(deployment);
    assert.notEqual(injected(deployment, other).text, text);
    assert.deepEqual(injected(text, other), { text, findings: [], results: ['injected'] });
  });

  it('has its record mended where that tells something else', () => {
    const forged = injected(deployment).text.replace('"profiles":["http"]', '"profiles":["statsd"]');
    assert.notEqual(forged, injected(deployment).text);
    assert.equal(injected(forged, other).text, injected(deployment, other).text);
  });
});

describe('uninject', () => {
  const text = `${POD}${ASKED}spec:\n  containers:\n  - name: web\n`;
  const record = (fields: object): string =>
    text.replace(
      ASKED,
      `${ASKED}    podscrape.dev/status: '${JSON.stringify({ outcome: 'injected', reason: 'injected', version: '1', config: '1', ...fields })}'\n`,
    );

  it('takes out the record alone where it claims nothing', () => {
    assert.equal(takenOut(record({})).text, text);
  });

  it('believes no record that claims the owner’s', () => {
    const forged = record({
      added: { containers: ['web'], annotations: ['podscrape.dev/port', 'team'] },
      changed: { team: 'x' },
      text: {
        '/spec/containers': ' []\nevil: true',
        '/metadata/name': ' b',
        '/spec/hostNetwork': ' true',
        '/metadata/annotations/podscrape.dev~1port': ' "1"',
      },
    });
    assert.equal(takenOut(forged).text, text);
  });

  it('puts no value of a forged record in the place of what it takes out', () => {
    const injectedOnce = record({
      added: { annotations: ['prometheus.io/port'] },
      text: { '/metadata/annotations/prometheus.io~1port': ' "evil"' },
    });
    const with80 = injectedOnce.replace(ASKED, `${ASKED}    prometheus.io/port: "80"\n`);
    assert.equal(takenOut(with80).text, text);
  });

  it('keeps what the owner has changed since', () => {
    const { text: after } = injected(text);
    const changed = after
      .replace('prometheus.io/scheme: http', 'prometheus.io/scheme: http # ours')
      .replace('- name: web\n', '- name: web # mine\n    image: b\n');
    assert.equal(takenOut(changed).text, text.replace('- name: web\n', '- name: web # mine\n    image: b\n'));
  });
});
