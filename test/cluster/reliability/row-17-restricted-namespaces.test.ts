import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { Figures, LimitedPod, Limits } from '../limits-stage.ts';
import { exporterOf, limitedPod, LimitStage, STATSD } from '../limits-stage.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const ROW =
  'row 17: namespaces that enforce Pod Security restricted, a ResourceQuota, a LimitRange: no added rejection';

/** A container that `restricted` takes, with resources that a quota asks for. */
const RESOURCES: Figures = {
  requests: { cpu: '100m', memory: '64Mi' },
  limits: { cpu: '200m', memory: '100Mi' },
};
const CONTAINER = {
  name: 'web',
  image: 'example.com/web:1',
  resources: RESOURCES,
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

interface Row {
  readonly title: string;
  readonly limits: Limits;
  /** The exporter's memory limit, or what is said where there is no exporter. */
  readonly expected: string | RegExp;
}

const roomy = { hard: { pods: '50', 'requests.cpu': '4', 'limits.memory': '4Gi' } };
const most = { type: 'Container', max: { cpu: '1', memory: '100Mi' }, min: { memory: '16Mi' } };

const ROWS: readonly Row[] = [
  { title: 'room for all: the exporter is added', limits: { quotas: [roomy] }, expected: '128Mi' },
  {
    title: 'a LimitRange for containers: the exporter is clamped to it',
    limits: { quotas: [roomy], ranges: [[most]] },
    expected: '100Mi',
  },
  {
    title: 'a maximum for Pods that leaves no room: no exporter, and a word about it',
    limits: { quotas: [roomy], ranges: [[most, { type: 'Pod', max: { memory: '120Mi' } }]] },
    expected: /no statsd-exporter added: .*LimitRange range-0/,
  },
  {
    title: 'a quota that leaves no room: no exporter, and a word about it',
    limits: { quotas: [{ hard: { 'limits.memory': '150Mi' } }], ranges: [[most]] },
    expected: /no statsd-exporter added: .*quota/i,
  },
];

describe(ROW, await requireCluster(ROW), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane();
    webhook = await startWebhook({ kubeconfig: plane.kubeconfig });
    await register(plane, webhook);
    const stage = new LimitStage(plane);
    for (const [index, { limits }] of ROWS.entries()) {
      for (const name of [`in-${index}`, `out-${index}`]) {
        await plane.createNamespace(name, {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'podscrape.dev/inject': name.startsWith('in') ? 'enabled' : 'disabled',
        });
        await stage.limit(name, limits);
      }
    }
    await stage.settled();
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const [index, { title, expected }] of ROWS.entries()) {
    it(title, async () => {
      const pod = limitedPod(undefined, STATSD, { containers: [CONTAINER] });
      const send = (namespace: string) =>
        plane.request<LimitedPod>('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
      const without = await send(`out-${index}`);
      assert.equal(without.status, 201, without.body.message);
      assert.equal(exporterOf(without.body), undefined);
      const { status, body, warnings } = await send(`in-${index}`);
      assert.equal(status, 201, body.message);
      assert.equal(body.metadata?.annotations?.['prometheus.io/scrape'], 'true');
      assert.deepEqual(
        warnings.filter((warning) => warning.includes('PodSecurity')),
        [],
      );
      const exporter = exporterOf(body);
      if (typeof expected === 'string') {
        assert.equal(exporter?.resources?.limits?.['memory'], expected, warnings.join('\n'));
      } else {
        assert.equal(exporter, undefined);
        assert.match(warnings.join('\n'), expected);
      }
    });
  }
});
