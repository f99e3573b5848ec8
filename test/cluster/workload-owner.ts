import assert from 'node:assert/strict';
import { it } from 'node:test';

import { podsOf } from './pods.ts';
import { where } from './workload-flow.ts';
import type { Says, WorkloadRow } from './workload-manifests.ts';
import { ROWS, each, manifest, manifests, names, see } from './workload-manifests.ts';
import { asks } from './workload-stage.ts';
import type { Stage } from './workload-stage.ts';

const P = 'podscrape.dev';
const [DEPLOYMENT] = ROWS as [WorkloadRow];

/** A Deployment in a namespace of its own, and what kubectl said of it. */
export async function deploy(
  { plane, apply }: Stage,
  namespace: string,
  says: Says,
  labels: Record<string, string> = {},
) {
  await plane.createNamespace(namespace, labels);
  const { stderr } = await apply(namespace, manifests(says, [DEPLOYMENT]));
  return { stderr, seen: (await see(plane, namespace, [DEPLOYMENT]))['Deployment']! };
}

/** What the owner says, in less usual ways, is what happens; the same in both modes. */
export function itHearsTheOwner(stage: () => Stage): void {
  it('kubectl apply prints at once what is wrong with a request', async () => {
    const { stderr, seen } = await deploy(stage(), 'warned', {
      annotations: { [`${P}/profle`]: 'http', [`${P}/port`]: '80;' },
    });
    assert.deepEqual(stderr.trim().split('\n'), [
      `Warning: ${P}/profle: unknown key, ignored; did you mean ${P}/profile?`,
      `Warning: ${P}/port: "80;" is not a port; use a number from 1 to 65535 or the name of a declared port`,
    ]);
    assert.equal(seen.template.metadata.annotations?.[`${P}/profle`], undefined);
  });

  it('a value of the template’s own wins, and kubectl says so', async () => {
    const { stderr, seen } = await deploy(stage(), 'overruled', {
      annotations: { [`${P}/profile`]: 'http', [`${P}/path`]: '/theirs' },
      template: { annotations: { [`${P}/path`]: '/ours' } },
    });
    assert.equal(seen.template.metadata.annotations?.[`${P}/path`], '/ours');
    assert.match(stderr, /"\/ours" wins/);
  });

  for (const form of ['annotations', 'labels'] as const) {
    it(`${form}: inject: disabled on a Deployment keeps its Pods out of a namespace that is in`, async () => {
      const labels = { [`${P}/inject`]: 'enabled' };
      const template = { annotations: { [`${P}/profile`]: 'http' } };
      const neighbour = manifest({ ...DEPLOYMENT, kind: 'Neighbour' }, { template });
      await deploy(stage(), `out-by-${form}`, { [form]: { [`${P}/inject`]: 'disabled' }, template }, labels);
      await stage().apply(`out-by-${form}`, JSON.stringify({ ...neighbour, kind: 'Deployment' }));
      const pods = await podsOf(stage().plane, `out-by-${form}`, 2);
      const scraped = pods.map(({ metadata: { labels, annotations } }) => [
        labels?.['app'],
        annotations?.['prometheus.io/scrape'],
      ]);
      assert.deepEqual(Object.fromEntries(scraped), { deployment: undefined, neighbour: 'true' });
    });
  }

  it('kubectl set image is one rollout; rollout undo brings the old template back to the letter', async () => {
    const rows = where(({ restarts }) => restarts);
    const { plane, apply } = stage();
    const kubectl = (...args: readonly string[]) => plane.kubectl(['-n', 'undone', ...args]);
    await plane.createNamespace('undone');
    await apply('undone', manifests(asks('statsd'), rows));
    const first = await see(plane, 'undone', rows);
    await kubectl('set', 'image', ...names(rows), 'web=example.com/web:2');
    const second = await see(plane, 'undone', rows);
    for (const { kind } of rows) {
      const [before, after] = [first[kind]!, second[kind]!];
      assert.equal(after.template.spec.containers[0]?.image, 'example.com/web:2');
      const [, ...others] = after.template.spec.containers;
      assert.deepEqual(others, before.template.spec.containers.slice(1));
      assert.deepEqual(after.template.metadata, before.template.metadata);
      assert.equal(after.revisions, 2, kind);
    }
    await Promise.all(names(rows).map((name) => kubectl('rollout', 'undo', name)));
    const third = await see(plane, 'undone', rows);
    assert.deepEqual(each(third, 'template'), each(first, 'template'));
    assert.deepEqual(each(third, 'revisions'), each(second, 'revisions'));
  });

  it('what a rollout undo wrote into the template is taken out like all that was hoisted', async () => {
    const { plane, apply } = stage();
    const says = (profile: string): Says => ({ annotations: { [`${P}/profile`]: profile } });
    await deploy(stage(), 'undone-value', says('statsd'));
    await apply('undone-value', manifests(says('http'), [DEPLOYMENT]));
    await plane.kubectl(['rollout', 'undo', '-n', 'undone-value', 'deployment/deployment']);
    await apply('undone-value', manifests(says('http'), [DEPLOYMENT]));
    const { Deployment: asked } = await see(plane, 'undone-value', [DEPLOYMENT]);
    assert.equal(asked?.template.metadata.annotations?.[`${P}/profile`], 'http');
    await apply('undone-value', manifests({}, [DEPLOYMENT]));
    const { Deployment: bare } = await see(plane, 'undone-value', [DEPLOYMENT]);
    assert.equal(bare?.template.metadata.annotations, undefined);
  });
}
