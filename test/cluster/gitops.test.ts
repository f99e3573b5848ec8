import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { stringify } from 'yaml';

import { pageText } from '../docs/sessions.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { rolledOut, settled, untimed } from './gitops-look.ts';
import { POLICY, POLICY_LABELS, git, rowsAt } from './gitops-manifests.ts';
import type { Commit } from './gitops-manifests.ts';
import { isIgnored } from './gitops-ignored.ts';
import { RECONCILERS, argoClassic, flux } from './gitops-reconcilers.ts';
import type { Manifest, Reconciler } from './gitops-reconcilers.ts';
import { run } from './processes.ts';
import { requireCluster } from './require.ts';
import { CLI, register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

/** One of the examples, with a variable that is extended. */
const CHILLER = ['get', '-n', 'inject-flux', 'deployment/chiller-api'];
const UNTOUCHED = 'untouched';
/** Has its workloads before podscrape comes. */
const LATE = 'late';
interface Container {
  readonly name: string;
  readonly env?: readonly { readonly value?: string }[];
}
type PodSpec = { readonly containers: readonly Container[] };

const configured = (workloads: string): string => stringify({ workloads, policies: [POLICY] });

/**
 * What a three-way merge on the client's side calls out of sync under `workloads: inject`: values that Git has, and that
 * podscrape rewrites in the template.
 */
const REWRITTEN = [
  'Deployment/chiller-api /spec/template/spec/containers/0/env/0/value',
  'Deployment/gunicorn /spec/template/spec/containers/0/env/0/value',
  'Deployment/spelt /spec/template/metadata/annotations/prometheus.io~1scrape',
];

describe('GitOps tools, on a real control plane', await requireCluster('GitOps'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane();
    await plane.createNamespace(LATE);
    await flux.sync(plane, rowsAt('asked', LATE));
    webhook = await startWebhook({ config: configured('hoist'), kubeconfig: plane.kubeconfig });
    await register(plane, webhook, ['--config', webhook.configFile]);
    await plane.createNamespace(UNTOUCHED, { 'podscrape.dev/inject': 'disabled' });
    await applyHere(rowsAt('removed', UNTOUCHED));
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  const applyHere = (objects: readonly Manifest[]) =>
    plane.kubectl(['apply', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    });

  for (const workloads of ['hoist', 'inject']) {
    describe(`workloads: ${workloads}`, () => {
      before(async () => {
        if (workloads !== 'hoist') await restart(configured(workloads));
      });
      for (const reconciler of RECONCILERS) {
        describe(reconciler.how, () => itStaysInSync(() => plane, workloads, reconciler));
      }

      it('workloads from before podscrape are in sync as they are', async () => {
        const before = await settled(plane, [LATE]);
        assert.deepEqual(await flux.diff(plane, rowsAt('asked', LATE)), []);
        await flux.sync(plane, rowsAt('asked', LATE));
        assert.deepEqual(await settled(plane, [LATE]), before);
      });
    });
  }

  it('docs/gitops.md quotes what is out of sync', () => {
    assert.ok(pageText('docs/gitops.md').includes(REWRITTEN.join('\n')));
  });

  it('another configuration puts nothing out of sync', async () => {
    await restart(`${configured('inject')}imageRegistry: registry.example.com\n`);
    // A merge on the client's side asks no webhook.
    for (const { how, diff } of RECONCILERS.filter((one) => one !== argoClassic))
      assert.deepEqual(await diff(plane, git('removed', `inject-${how}`)), [], how);
  });

  const chiller = async (): Promise<readonly Container[]> => {
    const { stdout } = await plane.kubectl([...CHILLER, '-o', 'json']);
    return (JSON.parse(stdout) as { spec: { template: { spec: PodSpec } } }).spec.template.spec.containers;
  };

  it('a workload that is labelled disabled has no exporter in its template', async () => {
    const [, exporter] = await chiller();
    assert.equal(exporter?.name, 'statsd-exporter');
    await plane.kubectl(['label', ...CHILLER.slice(1), 'podscrape.dev/inject=disabled']);
    assert.equal((await chiller()).length, 1);
    await plane.kubectl(['label', ...CHILLER.slice(1), 'podscrape.dev/inject-']);
    assert.equal((await chiller()).length, 2);
  });

  it('without podscrape, uninject and replace leave the template of Git', async () => {
    await plane.kubectl(['delete', 'mutatingwebhookconfiguration/00-podscrape']);
    const { stdout: live } = await plane.kubectl([...CHILLER, '-o', 'yaml']);
    const uninject = [CLI, 'uninject', '-f', '-'];
    const { stdout, stderr } = await run(process.execPath, uninject, { stdin: live });
    await plane.waitFor('the API server to know that podscrape is gone', async () => {
      await plane.kubectl(['replace', '-f', '-'], { stdin: stdout });
      const [api, exporter] = await chiller();
      assert.equal(exporter, undefined, stderr);
      assert.equal(api?.env?.[0]?.value, '--bind=0.0.0.0:8080 --workers=4');
      return true;
    });
  });

  async function restart(config: string): Promise<void> {
    await webhook.stop();
    webhook = await startWebhook({ like: webhook, config, kubeconfig: plane.kubeconfig });
  }
});

function itStaysInSync(plane: () => ControlPlane, workloads: string, { how, sync, diff }: Reconciler): void {
  const namespace = `${workloads}-${how}`;
  const namespaces = [namespace, `${namespace}-policy`];
  const isRewritten = workloads === 'inject' && how === 'argo-classic';
  const turn = (commit: Commit): Promise<void> => sync(plane(), git(commit, namespace));

  it('after the first turn nothing changes any more, and nothing is out of sync', async () => {
    await plane().createNamespace(namespace);
    await plane().createNamespace(`${namespace}-policy`, POLICY_LABELS);
    await turn('asked');
    const before = await settled(plane(), namespaces);
    const shown = [...(await diff(plane(), git('asked', namespace)))].sort();
    assert.deepEqual(shown, isRewritten ? REWRITTEN : []);
    assert.deepEqual(
      shown.filter((line) => !isIgnored(line, git('asked', namespace))),
      [],
    );
    for (let again = 0; again < 3; again++) await turn('asked');
    // A value that Git takes back and podscrape writes again is stored with the time at which its manager wrote it.
    const names = isRewritten ? REWRITTEN.map((line) => line.slice(0, line.indexOf(' '))) : [];
    assert.deepEqual(untimed(await settled(plane(), namespaces), names), untimed(before, names));
  });

  it('another request: one rollout of those that ask for something else', async () => {
    const before = await rolledOut(plane(), namespaces);
    await turn('changed');
    const changed = await rolledOut(plane(), namespaces);
    for (const [name, { revisions }] of Object.entries(changed)) {
      const rollouts = ['Deployment/annotated', 'Deployment/labelled'].includes(name) ? 1 : 0;
      assert.equal(revisions - before[name]!.revisions, rollouts, name);
    }
    await turn('changed');
    assert.deepEqual(await rolledOut(plane(), namespaces), changed);
  });

  it('no request: one rollout to the template that Git has, and nothing is out of sync', async () => {
    const before = await rolledOut(plane(), namespaces);
    await turn('removed');
    const removed = await rolledOut(plane(), namespaces);
    const untouched = await rolledOut(plane(), [UNTOUCHED]);
    for (const [name, { template }] of Object.entries(untouched)) {
      assert.deepEqual(removed[name]?.template, template, name);
      const rollouts = name.startsWith('CronJob/') ? 0 : 1;
      assert.equal(removed[name]!.revisions - before[name]!.revisions, rollouts, name);
    }
    assert.deepEqual(await diff(plane(), rowsAt('removed', namespace)), []);
    await turn('removed');
    assert.deepEqual(await rolledOut(plane(), namespaces), removed);
  });
}
