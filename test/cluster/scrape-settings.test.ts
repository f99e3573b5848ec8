import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { Around } from '../../src/prometheus/attached.ts';
import { explainPod } from '../../src/prometheus/explain.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { KubernetesSdConfig, RelabelConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { withoutReach } from './prometheus/agree-jobs.ts';
import { AgreeStage } from './prometheus/agree-stage.ts';
import { untilAgreed } from './prometheus/agree.ts';
import { requirePrometheus } from './prometheus/require.ts';

const NAMESPACE = 'shop';
const META = '__meta_kubernetes_';

const job = (
  job_name: string,
  config: Partial<ScrapeConfig> = {},
  discovery: Partial<KubernetesSdConfig> = {},
): ScrapeConfig => ({
  job_name,
  kubernetes_sd_configs: [{ role: 'pod', namespaces: { names: [NAMESPACE] }, ...discovery }],
  ...config,
});
const selected = (
  name: string,
  selector: { readonly label?: string; readonly field?: string },
): ScrapeConfig => job(name, {}, { selectors: [{ role: 'pod', ...selector }] });
const keep = (label: string, regex = '.+'): RelabelConfig => ({
  source_labels: [label],
  regex,
  action: 'keep',
});

const JOBS: readonly ScrapeConfig[] = [
  job('ftp', { scheme: 'ftp' }),
  job('no scheme', { scheme: '' }),
  job('capitals', { scheme: 'HTTPS' }),
  job('a rule gives one', {
    scheme: '',
    relabel_configs: [{ target_label: '__scheme__', replacement: 'https' }],
  }),
  job('histograms', {
    always_scrape_classic_histograms: true,
    relabel_configs: [
      keep('__scrape_native_histograms__', 'true|false'),
      { action: 'labelmap', regex: '__(.+)__' },
      { target_label: '__always_scrape_classic_histograms__', replacement: 'False' },
    ],
  }),
  job('no histograms', {
    relabel_configs: [{ target_label: '__scrape_native_histograms__', replacement: 'often' }],
  }),
  job('order of labelmap', {
    params: { a: ['x'] },
    relabel_configs: [
      {
        action: 'labelmap',
        regex: `${META}(?:namespace|pod_container_name)`,
        replacement: 'of_pod',
      },
      { action: 'labelmap', regex: '__scheme__|job', replacement: 'of_job' },
      { action: 'labelmap', regex: '__param_a|job', replacement: 'of_parameter' },
    ],
  }),
  selected('numbers', { label: 'build>7,build<9' }),
  selected('lists', { label: 'build in (8,9),!canary,owner notin (a, )' }),
  selected('nothing is a value', { label: 'empty=' }),
  selected('its account', { field: 'spec.serviceAccountName=default' }),
  selected('another account', { field: 'spec.serviceAccountName!=default' }),
  selected('fields', { field: 'spec.host=one,status.phase!=Failed,spec.schedulerName==default-scheduler' }),
  selected('no field', { field: 'spec.hostname=web' }),
  job('attached', {}, { attach_metadata: { namespace: true, deployment: true, job: true, cronjob: true } }),
  job('of the Job', { relabel_configs: [keep(`${META}pod_job_name`)] }, { attach_metadata: { job: true } }),
  job('of no Job', { relabel_configs: [keep(`${META}pod_job_name`)] }),
  job(
    'of the namespace',
    {
      relabel_configs: [
        keep(`${META}namespace_label_team`, 'one'),
        { action: 'labelmap', regex: `${META}namespace_annotation_(.+)` },
      ],
    },
    { attach_metadata: { namespace: true } },
  ),
];

/** Their labels by name, and who owns them. */
const PODS: Readonly<
  Record<string, { readonly labels?: object; readonly owner?: readonly [string, string] }>
> = {
  plain: { labels: { build: '8', empty: '' } },
  web: { labels: { build: '9', canary: 'yes' }, owner: ['ReplicaSet', 'web-1'] },
  night: { labels: { build: 'x8' }, owner: ['Job', 'night-1'] },
  once: { owner: ['Job', 'once'] },
};
const namespace = { labels: { team: 'one', 'a.b/c': '' }, annotations: { note: 'x' } };

const suite = 'settings of jobs, read by Prometheus and by podscrape';

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let stage: AgreeStage;

  before(async () => {
    stage = await AgreeStage.start(withoutReach(JOBS));
    await stage.plane.createNamespace(NAMESPACE);
    await made('PATCH', `/api/v1/namespaces/${NAMESPACE}`, {
      metadata: { labels: namespace.labels, annotations: namespace.annotations },
    });
    await made('POST', '/api/v1/nodes', { metadata: { name: 'one', labels: { zone: 'a' } } });
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    const selector = { matchLabels: { a: 'b' } };
    const of = (kind: string, name: string) => ({
      ownerReferences: [{ apiVersion: 'x/v1', kind, name, uid: 'x', controller: true }],
    });
    await made('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`, {
      metadata: { name: 'web-1', ...of('Deployment', 'web') },
      spec: { selector, template, replicas: 0 },
    });
    for (const [name, owner] of Object.entries({ 'night-1': of('CronJob', 'night'), once: {} }))
      await made('POST', `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`, {
        metadata: { name, ...owner },
        spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
      });
    for (const [index, [name, { labels = {}, owner }]] of Object.entries(PODS).entries()) {
      const metadata = { name, labels, ...(owner === undefined ? {} : of(...owner)) };
      const spec = {
        nodeName: 'one',
        containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }],
      };
      const { status, body } = await stage.pod(
        NAMESPACE,
        { metadata, spec },
        { phase: 'Running', ip: `10.0.0.${index + 7}` },
      );
      assert.equal(status, 201, body.message);
    }
  });
  after(() => stage.stop());

  async function made(method: 'POST' | 'PATCH', path: string, object: object): Promise<void> {
    const { status, body } = await stage.plane.request<{ message?: string }>(method, path, object);
    assert.ok(status < 300, `${path}: ${body.message ?? status}`);
  }

  /** What explain knows of a Pod's namespace and owners when it is handed their manifests. */
  function around({ metadata }: RunningPod): Around {
    const owner = metadata?.ownerReferences?.[0]?.name ?? '';
    return {
      namespace,
      deployment: owner === 'web-1' ? 'web' : '',
      cronJob: owner === 'night-1' ? 'night' : '',
    };
  }

  it('the same labels, the same targets, of every Pod and job', async () => {
    const agreed = await untilAgreed(
      stage.prometheus,
      () => stage.pods(),
      (pod) => explainPod(pod, stage.jobs, around(pod)),
    );
    assert.equal(agreed.pods, Object.keys(PODS).length);
    const { active } = await stage.prometheus.targets();
    const of = (pool: string) =>
      active
        .filter(({ scrapePool }) => scrapePool === pool)
        .map(({ discoveredLabels }) => discoveredLabels[`${META}pod_name`])
        .sort();
    const all = Object.keys(PODS).sort();
    for (const name of ['ftp', 'no scheme', 'histograms', 'its account', 'fields', 'of the namespace'])
      assert.deepEqual(of(name), all, name);
    assert.deepEqual(of('numbers'), ['plain']);
    assert.deepEqual(of('lists'), ['plain']);
    assert.deepEqual(of('nothing is a value'), ['plain']);
    assert.deepEqual(of('of the Job'), ['night', 'once']);
    for (const name of ['no histograms', 'another account', 'no field', 'of no Job'])
      assert.deepEqual(of(name), [], name);
  });

  it('what depends on metadata that are not known is not told, whatever Prometheus does', async () => {
    const node = { attach_metadata: { node: true } };
    await stage.configure(
      withoutReach([
        job('here', { relabel_configs: [keep(`${META}node_label_zone`, 'a')] }, node),
        job('elsewhere', { relabel_configs: [keep(`${META}node_label_zone`, 'b')] }, node),
        job('by its name', { relabel_configs: [keep(`${META}node_name`, 'one')] }, node),
        job('on nodes', {}, { ...node, selectors: [{ role: 'node', label: 'zone=b' }] }),
      ]),
    );
    const count = Object.keys(PODS).length;
    await stage.prometheus.untilTargets('the targets of every job', ({ active, dropped }) => {
      const of = (pool: string) => active.filter(({ scrapePool }) => scrapePool === pool).length;
      return (
        of('here') === count &&
        of('by its name') === count &&
        of('on nodes') === 0 &&
        dropped.length === count
      );
    });
    const [pod] = await stage.pods();
    assert.ok(pod);
    const states = explainPod(pod, stage.jobs).jobs.map(({ discovery, found }) => [
      discovery.state,
      ...found.map(({ outcome }) => outcome.state),
    ]);
    assert.deepEqual(states, [
      ['discovered', 'untold'],
      ['discovered', 'untold'],
      ['discovered', 'scraped'],
      ['untold'],
    ]);
  });
});
