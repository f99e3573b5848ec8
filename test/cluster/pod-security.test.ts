// Every profile in namespaces that enforce Pod Security, and every key with hostile values, on a real apiserver.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';

import type { ConfigFile } from '../../src/config/schema.ts';
import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { foreignChange } from '../core/ownership.ts';
import { engineConfig } from '../core/support.ts';
import { TEXTS } from '../fuzz/hostile.ts';
import type { ApiResponse } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const P = 'podscrape.dev';
const EXAMPLES = join(import.meta.dirname, '../../examples/profiles');

/** Every built-in profile, and those of the examples. */
const file = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => parse(readFileSync(join(EXAMPLES, name), 'utf8')) as ConfigFile)
  .reduce<ConfigFile>(
    (all, { profiles, exporters }) => ({
      profiles: { ...all.profiles, ...profiles },
      exporters: { ...all.exporters, ...exporters },
    }),
    {},
  );
const config = engineConfig(file);

/** A container that `restricted` takes; with limits, because some namespaces ask for them. */
const web = {
  name: 'web',
  image: 'example.com/web:1',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  resources: { limits: { cpu: '100m', memory: '64Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

const podOf = (name: string, annotations: Readonly<Record<string, string>>, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations },
  spec: { containers: [web], ...spec },
});

describe('Pod Security and hostile values', await requireCluster('Pod Security'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook({ config: stringify(file) });
    await register(plane, webhook);
    for (const level of ['restricted', 'baseline']) {
      await plane.createNamespace(level, {
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/warn': 'restricted',
      });
    }
    await plane.createNamespace('without', { [`${P}/inject`]: 'disabled' });
    await plane.createNamespace('given');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  const create = (namespace: string, pod: object, query = ''): Promise<ApiResponse<PodObject>> =>
    plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  for (const { name, exporter, target } of config.profiles.values()) {
    for (const level of ['restricted', 'baseline']) {
      it(`${name} in a namespace that enforces ${level}`, async () => {
        for (const restartPolicy of ['Always', 'Never']) {
          const pod = podOf(
            `${name}-${restartPolicy.toLowerCase()}`,
            { [`${P}/profile`]: name, ...connectionOf(exporter?.exporter) },
            { restartPolicy },
          );
          const { status, body, warnings } = await create(level, pod);
          assert.equal(status, 201, JSON.stringify(body));
          const { outcome } = JSON.parse(body.metadata.annotations?.[`${P}/status`] ?? '{}') as {
            outcome?: string;
          };
          assert.equal(outcome, 'injected', warnings.join('\n'));
          const list = restartPolicy === 'Always' ? body.spec.containers : (body.spec.initContainers ?? []);
          const sidecar = list.some((container) => container.name === exporter?.exporter);
          assert.equal(sidecar, exporter !== undefined);
          assert.ok(target !== undefined || sidecar);
          const security = warnings.filter((warning) => warning.includes('PodSecurity'));
          assert.deepEqual(security, []);
        }
      });
    }
  }

  it('keeps a Guaranteed Pod Guaranteed with every exporter', async () => {
    for (const { name, exporter } of config.profiles.values()) {
      const asked = { [`${P}/profile`]: name, ...connectionOf(exporter?.exporter) };
      const { status, body } = await create('given', podOf(`guaranteed-${name}`, asked));
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal((body as { status?: { qosClass?: string } }).status?.qosClass, 'Guaranteed', name);
    }
  });

  it('changes nothing that is not its own, whatever an annotation says', async () => {
    const values = [...TEXTS.filter((text) => text.isWellFormed()), 'x'.repeat(200_000)];
    let compared = 0;
    for (const name of ANNOTATION_NAMES) {
      if (name === 'profile') continue;
      await inLots(values, async (value) => {
        const profile = ['redis', 'gunicorn', 'postgres', 'http'][compared++ % 4] ?? 'http';
        const pod = podOf('hostile', { [`${P}/profile`]: profile, [`${P}/${name}`]: value });
        const [without, given] = await Promise.all([
          create('without', pod, '?dryRun=All'),
          create('given', pod, '?dryRun=All'),
        ]);
        const what = `${name}: ${JSON.stringify(value).slice(0, 120)}`;
        assert.equal(given.status, without.status, `${what}\n${JSON.stringify(given.body)}`);
        if (given.status !== 201) return;
        const foreign = foreignChange(comparable(without.body), comparable(given.body), config);
        assert.equal(foreign, undefined, what);
      });
    }
    console.log(`${compared} Pods with a hostile annotation compared with and without podscrape`);
    assert.ok(compared > 1000);
  });
});

/** What an exporter needs to be told to connect. */
function connectionOf(name: string | undefined): Readonly<Record<string, string>> {
  const connection = name === undefined ? undefined : config.exporters.get(name)?.connection;
  if (connection === undefined) return {};
  if (connection.secret !== undefined) return { [`${P}/exporter-secret`]: 'database/dsn' };
  return connection.both === undefined
    ? { [`${P}/exporter-address`]: connection.example }
    : { [`${P}/exporter-address`]: connection.example, [`${P}/exporter-secret`]: 'database/dsn' };
}

const DEFAULTED: Readonly<Record<string, unknown>> = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

/** The Pod without what is another one's in another namespace, or in another call. */
function comparable(pod: PodObject): Pod {
  const { metadata, spec } = JSON.parse(
    // The ServiceAccount plugin gives its volume a random name, and a mount of it to every container.
    JSON.stringify(pod).replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access'),
    // What the apiserver fills in.
    (key, value: unknown) => (DEFAULTED[key] === value ? undefined : value),
  ) as Pod;
  const { name, annotations, labels } = metadata ?? {};
  const volumes = (spec.volumes ?? []).toSorted((a, b) => order(a.name) - order(b.name));
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      annotations: annotations ?? {},
      labels: labels ?? {},
    },
    spec: { ...spec, volumes },
  };
}

/** The owner's volumes before ours. */
function order(name: string): number {
  return name.startsWith('podscrape-') ? 1 : 0;
}

/** Some at a time. */
async function inLots<T>(items: readonly T[], of: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 16) await Promise.all(items.slice(at, at + 16).map(of));
}
