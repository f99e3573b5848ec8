// An authority of our own in a Secret, where something is in the way: rights, the API server, the clock, the leader.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { startOwnAuthority } from '../../src/certificates/own-authority.ts';
import type { OwnAuthorityOptions } from '../../src/certificates/own-authority.ts';
import type { CertificateSource } from '../../src/certificates/source.ts';
import type { ApiServer } from '../../src/kube/api-server.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { startElection } from '../../src/kube/election.ts';
import type { Election } from '../../src/kube/election.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { startProcess } from './processes.ts';
import {
  authorities,
  MUTATING,
  OWN_AUTHORITY,
  publishedBundles,
  registerWithoutCa,
  SECRET,
  secretContents,
} from './reliability/authority.ts';
import { requireCluster } from './require.ts';
import { sleep, waitFor } from './wait.ts';
import { CLI, get, temporaryDirectory } from './webhook.ts';

const DAY = 24 * 3600_000;

type Line = Readonly<Record<string, unknown>>;

function keptLog() {
  const lines: Line[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  });
  return { log: createLog({ level: 'info', destination }), lines };
}

describe('an authority of our own, hindered', await requireCluster('own authority'), () => {
  let plane: ControlPlane;
  let admin: ApiServer;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    admin = await loadKubeConfig({ kubeconfig: plane.kubeconfig });
  });
  after(() => plane.stop());

  function start(
    t: TestContext,
    namespace: string,
    more: Partial<OwnAuthorityOptions> = {},
  ): { source: CertificateSource; lines: Line[]; text: () => Promise<string> } {
    const { log, lines } = keptLog();
    const metrics = createMetrics({ version: 'test' });
    const source = startOwnAuthority({
      server: admin,
      namespace,
      secret: SECRET,
      lease: 'podscrape',
      replica: 'podscrape-0',
      dnsNames: ['podscrape.monitoring.svc'],
      lives: () => ({ life: 90 * DAY, authorityLife: 1825 * DAY }),
      publishes: true,
      log,
      metrics,
      ...more,
    });
    t.after(() => source.close());
    return { source, lines, text: () => metrics.text() };
  }
  const certificateOf = (source: CertificateSource) =>
    plane.waitFor('a certificate', () => source.current(), { timeoutMs: 30_000 });

  /** A user with no rights but those bound here. */
  function developer(): ApiServer {
    const headers = { authorization: `Bearer ${plane.developerToken}` };
    return { url: plane.url, source: 'the developer', credentials: async () => ({ ca: plane.ca, headers }) };
  }

  it('without rights: unready with the reason, and each missing right named; with them it goes on', async (t) => {
    await plane.createNamespace('norights');
    const { source, lines } = start(t, 'norights', { server: developer() });
    const hint = (part: string) =>
      plane.waitFor(`a hint about ${part}`, () => lines.find((line) => String(line['hint']).includes(part)));
    assert.match(
      String((await hint('secrets'))['hint']),
      /bind a Role in namespace norights that allows create on secrets, and list, watch and update on the one called/,
    );
    await hint('create on leases');
    const reason = () => source.unready(new Date());
    await plane.waitFor('the reason', () =>
      /waits for the Secret norights\/.*forbidden/s.test(reason() ?? ''),
    );

    const rules = [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: [SECRET],
        verbs: ['get', 'list', 'watch', 'update', 'patch'],
      },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['podscrape'],
        verbs: ['get', 'update'],
      },
    ];
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/norights';
    const metadata = { name: 'podscrape' };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'podscrape' };
    const subjects = [{ kind: 'User', name: 'developer', apiGroup: 'rbac.authorization.k8s.io' }];
    for (const [path, body] of [
      ['roles', { metadata, rules }],
      ['rolebindings', { metadata, roleRef, subjects }],
    ] as const) {
      assert.equal((await plane.request('POST', `${rbac}/${path}`, body)).status, 201);
    }
    await certificateOf(source);
    assert.equal(reason(), undefined);
    // The leader may not look at the webhook configurations, and says so; it serves on.
    await hint('mutatingwebhookconfigurations called 00-podscrape');
  });

  it('the clock of a replica two days behind: it says so, and does not touch the Secret', async (t) => {
    await plane.createNamespace('behind');
    const first = start(t, 'behind');
    const { cert } = await certificateOf(first.source);
    await first.source.close();
    const clock = (): Date => new Date(Date.now() - 2 * DAY);
    const late = start(t, 'behind', { clock });
    assert.equal((await certificateOf(late.source)).cert, cert);
    assert.match(late.source.unready(clock()) ?? '', /is not valid before .*; is the clock right\?/);
    await plane.waitFor('a warning', () => late.lines.some(({ msg }) => /not in order/.test(String(msg))));
    await plane.waitFor('it to lead', () => late.lines.some(({ msg }) => msg === 'leads from now on'));
    // By a right clock that would be done at once.
    await plane.request('PATCH', `/api/v1/namespaces/behind/secrets/${SECRET}`, {
      stringData: { rotate: 'now' },
    });
    await sleep(1_000);
    const contents = await secretContents(plane, 'behind');
    assert.deepEqual([contents?.['tls.crt'], contents?.['rotate']], [cert, 'now']);
  });

  it('the clock of a replica months ahead: it takes all for expired, says so, and does not touch the Secret', async (t) => {
    await plane.createNamespace('ahead');
    const first = start(t, 'ahead');
    const { cert } = await certificateOf(first.source);
    await first.source.close();
    const clock = (): Date => new Date(Date.now() + 100 * DAY);
    const early = start(t, 'ahead', { clock });
    const line = await plane.waitFor('a warning', () =>
      early.lines.find(({ msg }) => /not in order/.test(String(msg))),
    );
    assert.match(
      String(line['faults']),
      /the clock of this replica is 1\d{5} minutes ahead of that of the API/,
    );
    assert.match(early.source.unready(clock()) ?? '', /expired at .*; is the clock right\?/);
    assert.equal((await certificateOf(early.source)).cert, cert);
  });

  it('everything expired while nobody ran: all anew, and the bundle has the new authority alone', async (t) => {
    await plane.createNamespace('expired');
    const first = start(t, 'expired', { lives: () => ({ life: 5_000, authorityLife: 5_000 }) });
    const { ca = '', notAfter } = await certificateOf(first.source);
    await first.source.close();
    await plane.waitFor('its end', () => new Date() > notAfter);
    const late = start(t, 'expired');
    const next = await plane.waitFor('another authority', () => {
      const found = late.source.current()?.ca ?? '';
      return authorities(found).length === 1 && authorities(found)[0] !== authorities(ca)[0] && found;
    });
    assert.notEqual(next, ca);
    assert.equal(late.source.unready(new Date()), undefined);
    assert.match(await late.text(), /^podscrape_certificate_renewals_total\{result="success"\} [1-9]/m);
  });

  it('a damaged Secret at the start: what can be saved is saved, the rest is made, and the log says what was off', async (t) => {
    await plane.createNamespace('damaged');
    const first = start(t, 'damaged');
    const before = await certificateOf(first.source);
    await first.source.close();
    const path = `/api/v1/namespaces/damaged/secrets/${SECRET}`;
    await plane.request('PATCH', path, { data: { 'tls.key': null } });
    const next = start(t, 'damaged');
    const certificate = await certificateOf(next.source);
    assert.equal(certificate.ca, before.ca, 'the authority is the same');
    assert.notEqual(certificate.cert, before.cert);
    const line = next.lines.find(({ msg }) => /not in order/.test(String(msg)));
    assert.deepEqual(line?.['faults'], ['tls.key is missing']);
  });

  it('a Secret that people have been at: the rotation is published, and what is not podscrape’s stays as it is', async (t) => {
    await plane.createNamespace('clumsy');
    const first = start(t, 'clumsy');
    await certificateOf(first.source);
    await first.source.close();
    const secret = `/api/v1/namespaces/clumsy/secrets/${SECRET}`;
    const read = async () => (await plane.request<{ data: Record<string, string> }>('GET', secret)).body.data;
    const { 'ca.crt': ca = '', 'ca.key': key = '' } = await read();
    // A key that landed in the bundle, and is missing where it belongs; a keystore beside.
    const both = Buffer.concat([Buffer.from(ca, 'base64'), Buffer.from(key, 'base64')]).toString('base64');
    const binary = Buffer.from([0xfe, 0xed, 0, 0x80]).toString('base64');
    const data = { 'ca.crt': both, 'ca.key': null, 'trust.jks': binary };
    assert.equal((await plane.request('PATCH', secret, { data })).status, 200);
    await registerWithoutCa(plane, 'https://127.0.0.1:1');
    t.after(() => plane.request('DELETE', MUTATING));
    start(t, 'clumsy');
    const published = await plane.waitFor(
      'both authorities to be published',
      async () => {
        const [bundle] = await publishedBundles(plane);
        return authorities(bundle).length === 2 && bundle;
      },
      { timeoutMs: 30_000 },
    );
    assert.doesNotMatch(published, /PRIVATE KEY/);
    assert.equal((await read())['trust.jks'], binary);
  });

  it('a leader whose requests hang leads no more before another one begins', async (t) => {
    await plane.createNamespace('hanging');
    const told: string[] = [];
    const state = { hangs: false };
    const credentials = () => (state.hangs ? new Promise<never>(() => {}) : admin.credentials());
    const stand = (identity: string, server: ApiServer): Election => {
      const election = startElection({
        server,
        namespace: 'hanging',
        name: 'podscrape',
        identity,
        log: keptLog().log,
        onChange: (leads) => void told.push(`${identity} ${leads ? 'leads' : 'leads no more'}`),
        times: { leaseMs: 4_000, renewMs: 1_000, retryMs: 200 },
      });
      t.after(() => election.stop());
      return election;
    };
    const a = stand('a', { ...admin, credentials });
    await plane.waitFor('a to lead', () => a.leads());
    const b = stand('b', admin);
    state.hangs = true;
    await plane.waitFor('b to lead', () => b.leads(), { timeoutMs: 30_000 });
    assert.deepEqual(told, ['a leads', 'a leads no more', 'b leads']);
  });

  it('the leader gives the lease back when it stops, and a dead one is followed when its time is over', async (t) => {
    await plane.createNamespace('leaders');
    const told: string[] = [];
    const stand = (identity: string): Election => {
      const election = startElection({
        server: admin,
        namespace: 'leaders',
        name: 'podscrape',
        identity,
        log: keptLog().log,
        onChange: (leads) => void told.push(`${identity} ${leads ? 'leads' : 'leads no more'}`),
        // So long that only giving it back lets another one in.
        times: { leaseMs: identity === 'c' ? 3_000 : 3600_000, retryMs: 200 },
      });
      t.after(() => election.stop());
      return election;
    };
    const [a] = [stand('a')];
    await plane.waitFor('a to lead', () => a.leads());
    const b = stand('b');
    const lease = '/apis/coordination.k8s.io/v1/namespaces/leaders/leases/podscrape';
    const spec = async () =>
      (await plane.request('GET', lease)).body.spec as { holderIdentity: string; leaseTransitions: number };
    assert.equal((await spec()).holderIdentity, 'a');
    await a.stop();
    await plane.waitFor('b to lead', () => b.leads());
    assert.deepEqual(told, ['a leads', 'a leads no more', 'b leads']);
    await b.stop();

    const c = stand('c');
    await plane.waitFor('c to lead', () => c.leads());
    // Somebody who took the lease and died: it is never renewed.
    const { body } = await plane.request('GET', lease);
    const dead = { ...body, spec: { ...body.spec, holderIdentity: 'dead', leaseDurationSeconds: 3 } };
    await plane.waitFor('the lease to be taken', async () => {
      const now = (await plane.request('GET', lease)).body;
      dead.metadata = now.metadata!;
      return (await plane.request('PUT', lease, dead)).status === 200;
    });
    await plane.waitFor('c to know', () => !c.leads());
    await plane.waitFor('c to take over', () => c.leads(), { timeoutMs: 30_000 });
    assert.equal((await spec()).holderIdentity, 'c');
    assert.equal((await spec()).leaseTransitions, 3);
  });

  it('the API server away at the start: alive and unready with the reason, and served once it is there', async (t) => {
    const folder = temporaryDirectory();
    const kubeconfig = join(folder, 'kubeconfig');
    const user = { name: 'admin', user: { token: plane.adminToken } };
    const config = (server: string) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'c',
            cluster: { server, 'certificate-authority-data': Buffer.from(plane.ca).toString('base64') },
          },
        ],
        users: [user],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin' } }],
        'current-context': 'c',
      });
    const { startProxy } = await import('./reliability/proxy.ts');
    const proxy = await startProxy();
    t.after(() => proxy.stop());
    writeFileSync(kubeconfig, config(proxy.url));
    await plane.createNamespace('podscrape');
    const logFile = join(folder, 'serve.log');
    const args = ['serve', '--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--port', '0'];
    const health = ['--health-host', '127.0.0.1', '--health-port', '0'];
    const served = startProcess({
      name: 'podscrape',
      command: process.execPath,
      args: [CLI, ...args, ...health, ...OWN_AUTHORITY],
      logFile,
    });
    t.after(() => served.stop());
    const lines = () =>
      served
        .tail(500)
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as Line);
    const line = await served.waitFor(
      'waits',
      () => lines().find(({ msg }) => msg === 'no certificate yet'),
      { timeoutMs: 30_000 },
    );
    const port = Number(new URL(String(line['health'])).port);
    assert.equal((await get(port, '/healthz')).status, 200);
    await waitFor('the reason', async () =>
      /certificate: waits for the Secret podscrape\/.*not read yet/.test((await get(port, '/readyz')).body),
    );
    proxy.add(Number(new URL(plane.url).port));
    await waitFor('it to be ready', async () => (await get(port, '/readyz')).status === 200, {
      timeoutMs: 60_000,
    });
    // The API server again away: it serves on.
    proxy.remove(Number(new URL(plane.url).port));
    proxy.cut();
    await waitFor('it to notice', () => lines().some(({ msg }) => /interrupted/.test(String(msg))));
    assert.equal((await get(port, '/readyz')).status, 200);
  });
});
