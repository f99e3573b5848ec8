import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startOwnAuthority } from '../../../src/certificates/own-authority.ts';
import type { CertificateSource } from '../../../src/certificates/source.ts';
import { loadKubeConfig } from '../../../src/kube/config.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { Writable } from 'node:stream';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { authorities, OWN_AUTHORITY, NAMESPACE, SECRET, secretContents } from './authority.ts';
import { figures } from './figures.ts';
import { startReplicas } from './replicas.ts';

const { races, replicas, processes } = figures({
  always: { races: 3, replicas: 20, processes: 3 },
  soak: { races: 50, replicas: 20, processes: 8 },
});
const LIFE = { life: 90 * 24 * 3600_000, authorityLife: 1825 * 24 * 3600_000 };

describe(
  `row 06: ${replicas} replicas that start at once have one CA`,
  await requireCluster('row 06'),
  () => {
    let plane: ControlPlane;
    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
    });
    after(() => plane.stop());

    /** What each of them wrote to its log above debug level. */
    async function race(namespace: string) {
      const server = await loadKubeConfig({ kubeconfig: plane.kubeconfig });
      const lines: { level: string; msg: string }[] = [];
      const destination = new Writable({
        write(chunk: Buffer, _encoding, done) {
          lines.push(JSON.parse(chunk.toString()) as { level: string; msg: string });
          done();
        },
      });
      const log = createLog({ level: 'info', destination });
      const metrics = createMetrics({ version: 'test' });
      const sources = Array.from({ length: replicas }, (_, index): CertificateSource =>
        startOwnAuthority({
          server,
          namespace,
          secret: SECRET,
          lease: 'podscrape',
          replica: `podscrape-${index}`,
          dnsNames: ['podscrape.monitoring.svc'],
          lives: () => LIFE,
          publishes: true,
          log,
          metrics,
        }),
      );
      try {
        await plane.waitFor(
          'a certificate for each',
          () => sources.every((source) => source.current() !== undefined),
          { timeoutMs: 60_000 },
        );
        return { certificates: sources.map((source) => source.current()!), lines };
      } finally {
        await Promise.all(sources.map((source) => source.close()));
      }
    }

    for (const there of [false, true]) {
      it(`${races} times, with ${there ? 'an empty Secret' : 'no Secret'} before`, async () => {
        for (let round = 0; round < races; round++) {
          const namespace = `race-${there ? 'empty' : 'none'}-${round}`;
          await plane.createNamespace(namespace);
          const empty = { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET }, type: 'Opaque' };
          if (there) await plane.request('POST', `/api/v1/namespaces/${namespace}/secrets`, empty);
          const { certificates, lines } = await race(namespace);
          assert.equal(new Set(certificates.map(({ cert }) => cert)).size, 1);
          assert.equal(authorities(certificates[0]!.ca).length, 1);
          const contents = await secretContents(plane, namespace);
          assert.equal(certificates[0]!.cert, contents?.['tls.crt']);
          assert.equal(lines.filter(({ msg }) => msg === 'authority and certificate made').length, 1);
          const loud = lines.filter(({ level }) => level !== 'info');
          assert.deepEqual(loud, [], 'losing is no news');
        }
      });
    }

    it(`${processes} processes: one certificate, and one leader`, async () => {
      await plane.createNamespace(NAMESPACE);
      const podscrape = await startReplicas({
        count: processes,
        atOnce: true,
        kubeconfig: plane.kubeconfig,
        certificate: OWN_AUTHORITY,
      });
      try {
        const made = podscrape.replicas.flatMap((replica) =>
          replica.logLines().filter(({ msg }) => msg === 'authority and certificate made'),
        );
        assert.equal(made.length, 1);
        const ends = podscrape.replicas.map(
          (replica) => replica.logLines().find(({ msg }) => msg === 'certificate')?.['notAfter'],
        );
        assert.equal(new Set(ends).size, 1);
        const leads = () =>
          podscrape.replicas.filter((one) => one.logLines().some(({ msg }) => msg === 'leads from now on'));
        await plane.waitFor('a leader', () => leads().length > 0);
        assert.equal(leads().length, 1);
      } finally {
        await podscrape.stop();
      }
    });
  },
);
