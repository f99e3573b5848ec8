import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { run } from '../commands/run.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import type { PodObject } from './pods.ts';
import { serviceAccountToken } from './prometheus/cluster.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const ASKS = { 'podscrape.dev/profile': 'statsd' };
const STATUS = 'podscrape.dev/status';
/** The configuration that decides in the cluster. */
const CONFIG = 'defaultProfile: http\n';
const SLOW = { timeoutMs: 60_000 };

const spec = (more: object = {}) => ({
  automountServiceAccountToken: false,
  containers: [{ name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }] }],
  ...more,
});
const template = (app: string, annotations: object = ASKS, more: object = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: spec(more),
});

interface Finding {
  readonly code: string;
  readonly level: string;
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly pods: number;
  readonly of: number;
  readonly names: readonly string[];
  readonly message: string;
  readonly remedy: { readonly text: string; readonly command?: string };
}

interface Audited {
  readonly code: number;
  readonly stderr: string;
  readonly findings: readonly Finding[];
  readonly missed: readonly string[];
}

describe('podscrape audit', await requireCluster('podscrape audit'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'podscrape-audit-'));
    const policy = join(folder, 'policy.yaml');
    const rules = [{ level: 'Metadata', users: ['system:serviceaccount:audit:auditor'] }, { level: 'None' }];
    writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
    plane = await startControlPlane({
      extraApiserverArgs: [
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${join(folder, 'audit.log')}`,
        '--audit-log-mode=blocking',
      ],
    });
    webhook = await startWebhook({ config: CONFIG, kubeconfig: plane.kubeconfig });
    for (const name of ['late', 'shop', 'blog', 'audit', 'tight']) await plane.createNamespace(name);
    const limits = [{ type: 'Container', max: { memory: '100Mi' }, default: { memory: '90Mi' } }];
    await create('tight', 'v1 limitranges', 'LimitRange', 'all', { spec: { limits } });
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = async (namespace: string, path: string, kind: string, name: string, rest: object) => {
    const [group, resource] = path.split(' ');
    const root = group === 'v1' ? '/api/v1' : `/apis/${group ?? ''}`;
    const object = { apiVersion: group, kind, metadata: { name }, ...rest };
    const answer = await plane.request('POST', `${root}/namespaces/${namespace}/${resource ?? ''}`, object);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  };
  const deployment = (namespace: string, name: string, replicas: number, annotations: object = ASKS) =>
    create(namespace, 'apps/v1 deployments', 'Deployment', name, {
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        strategy: { type: 'Recreate' },
        template: template(name, annotations),
      },
    });
  const pod = (namespace: string, name: string, annotations: object = ASKS) =>
    create(namespace, 'v1 pods', 'Pod', name, { metadata: { name, annotations }, spec: spec() });
  const named = (path: string, namespace: string, name: string) =>
    plane.request<PodObject>('GET', `/api/v1/namespaces/${namespace}/${path}/${name}`);

  const audit = async (args: readonly string[], kubeconfig = plane.kubeconfig): Promise<Audited> => {
    const config = args.includes('--config') ? [] : ['--config', webhook.configFile];
    const ran = await run('audit', '--kubeconfig', kubeconfig, ...config, '-o', 'json', ...args);
    if (ran.stdout === '') return { ...ran, findings: [], missed: [] };
    const { findings } = JSON.parse(ran.stdout) as { findings: Finding[] };
    const missed = findings.filter(({ level }) => level === 'missed');
    return { ...ran, findings, missed: missed.flatMap(({ names }) => names).sort() };
  };
  const of = ({ findings }: Audited, kind: string, name: string): Finding => {
    const found = findings.find(({ workload }) => workload.kind === kind && workload.name === name);
    assert.ok(found, JSON.stringify(findings, null, 2));
    return found;
  };
  const withoutStatus = (pods: readonly PodObject[]): readonly string[] =>
    pods
      .filter(({ metadata }) => metadata.annotations?.[STATUS] === undefined)
      .map(({ metadata }) => metadata.name)
      .sort();
  const kubeconfigFor = (token: string, name: string): string => {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(plane.kubeconfig, 'utf8').replaceAll(plane.adminToken, token));
    return file;
  };

  it('before podscrape is installed: what asks, and that nobody is asked', async () => {
    await deployment('late', 'web', 1);
    const pods = await podsOf(plane, 'late', 1);
    const found = await audit(['-n', 'late']);
    assert.equal(found.code, 2);
    assert.match(found.stderr, /there is no MutatingWebhookConfiguration 00-podscrape/);
    assert.deepEqual(found.missed, withoutStatus(pods));
  });

  it('installed later: the Pods that were there before', async () => {
    await register(plane, webhook, ['--config', webhook.configFile]);
    const found = await audit([]);
    assert.equal(found.stderr, '');
    const { message, remedy } = of(found, 'Deployment', 'web');
    assert.match(
      message,
      /asks \(podscrape.dev\/profile\), and has no podscrape.dev\/status: it is older than/,
    );
    assert.equal(remedy.command, 'kubectl -n late rollout restart deployment/web');
  });

  it('nothing missed: exit code 0', async () => {
    await deployment('blog', 'web', 2);
    await podsOf(plane, 'blog', 2);
    const found = await audit(['-n', 'blog']);
    assert.deepEqual({ code: found.code, findings: found.findings }, { code: 0, findings: [] });
    const { stdout } = await run(
      'audit',
      '--kubeconfig',
      plane.kubeconfig,
      '-n',
      'blog',
      '--config',
      webhook.configFile,
    );
    assert.equal(stdout, '2 Pods: nothing missed, 2 in order, 0 not asking\nblog, podscrape’s own jobs\n');
  });

  it('the webhook killed in the middle of a rollout: exactly the Pods that were missed', async () => {
    await deployment('shop', 'web', 3);
    await podsOf(plane, 'shop', 3);
    await webhook.stop('SIGKILL');
    await plane.request('PATCH', '/apis/apps/v1/namespaces/shop/deployments/web/scale', {
      spec: { replicas: 5 },
    });
    await create('shop', 'apps/v1 statefulsets', 'StatefulSet', 'db', {
      spec: {
        serviceName: 'db',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'db' } },
        template: template('db'),
      },
    });
    await create('shop', 'apps/v1 replicasets', 'ReplicaSet', 'bare', {
      spec: { selector: { matchLabels: { app: 'bare' } }, template: template('bare') },
    });
    await create('shop', 'batch/v1 jobs', 'Job', 'import', {
      spec: { template: template('import', ASKS, { restartPolicy: 'Never' }) },
    });
    await create('shop', 'batch/v1 cronjobs', 'CronJob', 'nightly', {
      spec: {
        schedule: '0 0 30 2 *',
        jobTemplate: { spec: { template: template('nightly', ASKS, { restartPolicy: 'Never' }) } },
      },
    });
    await plane.kubectl(['-n', 'shop', 'create', 'job', '--from=cronjob/nightly', 'nightly-1']);
    await pod('shop', 'lone');
    await pod('shop', 'quiet', {});
    await deployment('shop', 'hoisted', 1, {});
    await plane.kubectl(['-n', 'shop', 'annotate', 'deployment/hoisted', 'podscrape.dev/profile=http']);
    const pods = await podsOf(plane, 'shop', 12);
    webhook = await startWebhook({
      like: webhook,
      configFile: webhook.configFile,
      kubeconfig: plane.kubeconfig,
    });

    const found = await audit(['-n', 'shop']);
    assert.equal(found.code, 2);
    const missed = withoutStatus(pods).filter((name) => name !== 'quiet');
    assert.deepEqual(found.missed, missed);
    const web = of(found, 'Deployment', 'web');
    assert.deepEqual([web.code, web.pods, web.of], ['not-injected', 2, 5]);
    assert.equal(of(found, 'Deployment', 'hoisted').code, 'workload-asks');
    const remedies = ['StatefulSet db', 'ReplicaSet bare', 'Job import', 'CronJob nightly', 'Pod lone'].map(
      (who) => {
        const [kind = '', name = ''] = who.split(' ');
        const { text, command } = of(found, kind, name).remedy;
        return `${who}: ${text}${command === undefined ? '' : `: ${command}`}`.replace(
          /bare-\w{5}/,
          'bare-xxxxx',
        );
      },
    );
    assert.deepEqual(remedies, [
      'StatefulSet db: restart it: kubectl -n shop rollout restart statefulset/db',
      'ReplicaSet bare: delete its Pods one after the other; it makes new ones: kubectl -n shop delete pod/bare-xxxxx',
      'Job import: wait for its end, or delete the Job and apply its manifest again',
      'CronJob nightly: nothing: the Pods of its next run go through the webhook',
      'Pod lone: nothing makes this Pod anew: delete it and apply its manifest again',
    ]);
  });

  it('a label selector: those Pods alone', async () => {
    const found = await audit(['-l', 'app in (db,import)']);
    assert.deepEqual(found.findings.map(({ workload }) => workload.name).sort(), ['db', 'import']);
  });

  it('the remedies as they stand: nothing of those workloads is missed any more', async () => {
    const found = await audit(['-n', 'shop', '-l', 'app in (web,db,hoisted)']);
    for (const { remedy } of found.findings) await plane.kubectl((remedy.command ?? '').split(' ').slice(1));
    let left: Audited = found;
    await plane
      .waitFor(
        'the restarts',
        async () => {
          left = await audit(['-n', 'shop', '-l', 'app in (web,db,hoisted)']);
          return left.code === 0;
        },
        SLOW,
      )
      .catch((error: unknown) => assert.deepEqual(left.findings, [], String(error)));
  });

  it('an older configuration: what it did otherwise, and no Pod more', async () => {
    const file = join(folder, 'newer.yaml');
    const image = 'example.com/statsd-exporter:v9';
    writeFileSync(file, `${CONFIG}exporters: {statsd-exporter: {image: '${image}'}}\n`);
    await pod('blog', 'plain', { 'podscrape.dev/profile': 'http' });
    const found = await audit(['-n', 'blog', '--config', file]);
    assert.equal(found.code, 2);
    assert.deepEqual(
      found.findings.map(({ code, workload, pods }) => [code, workload.name, pods]),
      [['outdated', 'web', 2]],
    );
    assert.match(
      found.findings[0]?.message ?? '',
      /container statsd-exporter has image .*, and would have example.com/,
    );
    const alike = join(folder, 'alike.yaml');
    writeFileSync(alike, `${CONFIG}optIn: annotation\nlogging: {level: debug}\nadopt: off\n`);
    assert.deepEqual((await audit(['-n', 'blog', '--config', alike])).findings, []);
  });

  it('an older configuration, and a LimitRange that exporters were made to fit: no Pod', async () => {
    const created = await plane.waitFor('podscrape to know the LimitRange', async () => {
      const tried = { metadata: { name: 'fits', annotations: ASKS }, spec: spec() };
      const path = '/api/v1/namespaces/tight/pods';
      const { body } = await plane.request<PodObject>('POST', `${path}?dryRun=All`, tried);
      return (
        JSON.stringify(body.spec).includes('"memory":"100Mi"') && (await plane.request('POST', path, tried))
      );
    });
    assert.equal(created.status, 201);
    const alike = join(folder, 'alike.yaml');
    writeFileSync(alike, `${CONFIG}optIn: annotation\nlogging: {level: debug}\nadopt: off\n`);
    assert.deepEqual((await audit(['-n', 'tight', '--config', alike])).findings, []);
  });

  it('a record edited with kubectl', async () => {
    await pod('blog', 'port', { 'podscrape.dev/profile': 'http' });
    await pod('blog', 'broken', { 'podscrape.dev/profile': 'http' });
    const { body } = await named('pods', 'blog', 'port');
    const text = body.metadata.annotations?.[STATUS] ?? '';
    const record = JSON.parse(text) as { added: object };
    const forged = JSON.stringify({ ...record, added: { ...record.added, ports: ['web/9999'] } });
    await plane.kubectl(['-n', 'blog', 'annotate', '--overwrite', 'pod/port', `${STATUS}=${forged}`]);
    await plane.kubectl(['-n', 'blog', 'annotate', '--overwrite', 'pod/broken', `${STATUS}=injected`]);
    const found = await audit(['-n', 'blog']);
    assert.deepEqual([found.code, found.missed], [2, ['broken', 'port']]);
    assert.equal(of(found, 'Pod', 'port').message, 'port web/9999 is recorded, and not there');
    assert.equal(of(found, 'Pod', 'broken').code, 'status-broken');
    await plane.kubectl(['-n', 'blog', 'delete', '--now', 'pod/port', 'pod/broken']);
  });

  it('a namespace labelled later: its Pods; under a policy that only watches, none', async () => {
    await plane.createNamespace('opted', { stage: 'watched' });
    await pod('opted', 'early', {});
    assert.deepEqual((await audit(['-n', 'opted'])).findings, []);
    await plane.kubectl(['label', 'namespace', 'opted', 'podscrape.dev/inject=enabled']);
    const found = await audit(['-n', 'opted']);
    assert.deepEqual([found.code, found.missed], [2, ['early']]);
    assert.match(
      found.findings[0]?.message ?? '',
      /^is asked for by its namespace, policy or configuration, and has no/,
    );
    const file = join(folder, 'watched.yaml');
    const selector = '{matchLabels: {stage: watched}}';
    writeFileSync(file, `${CONFIG}policies: [{name: w, namespaceSelector: ${selector}, mode: audit}]\n`);
    const watched = await audit(['-n', 'opted', '--config', file]);
    assert.deepEqual([watched.code, watched.findings.map(({ code }) => code)], [0, ['skipped']]);
  });

  it('present and not scraped; refused, and why; a Pod that has ended', async () => {
    const status = (name: string, body: object) =>
      plane.request('PATCH', `/api/v1/namespaces/blog/pods/${name}/status`, { status: body });
    await pod('blog', 'classic', { 'prometheus.io/scrape': 'True', 'podscrape.dev/inject': 'disabled' });
    await status('classic', { phase: 'Running', podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }] });
    await pod('blog', 'wrong', { 'podscrape.dev/port': 'nope' });
    await pod('blog', 'ended');
    await plane.kubectl(['-n', 'blog', 'annotate', 'pod/ended', `${STATUS}-`]);
    await status('ended', { phase: 'Succeeded' });
    const found = await audit(['-n', 'blog']);
    assert.deepEqual(found.missed, ['classic']);
    assert.equal(of(found, 'Pod', 'classic').code, 'not-scraped');
    const { code, message } = of(found, 'Pod', 'wrong');
    assert.match(`${code}: ${message}`, /^refused: podscrape.dev\/port: .*"nope"/);
  });

  it('the documented ClusterRole is enough, and nothing but get and list is asked', async () => {
    const role = await run('audit', '--print-rbac');
    await plane.kubectl(['apply', '-f', '-'], { stdin: role.stdout });
    await plane.kubectl(['-n', 'audit', 'create', 'serviceaccount', 'auditor']);
    const bind = ['create', 'clusterrolebinding', 'audit', '--clusterrole=podscrape-audit'];
    await plane.kubectl([...bind, '--serviceaccount=audit:auditor']);
    const file = kubeconfigFor(await serviceAccountToken(plane, 'audit', 'auditor'), 'auditor');
    const found = await plane.waitFor('the rights', async () => {
      const tried = await audit([], file);
      return tried.stderr === '' && tried;
    });
    assert.deepEqual(found.findings, (await audit([])).findings);
    const log = readFileSync(join(folder, 'audit.log'), 'utf8').trim().split('\n');
    const verbs = log.map((line) => (JSON.parse(line) as { verb: string }).verb);
    assert.deepEqual([...new Set(verbs)].sort(), ['get', 'list']);
  });

  it('the ClusterRole bound in one namespace: that namespace, and what is not known', async () => {
    const bind = ['-n', 'shop', 'create', 'rolebinding', 'audit', '--clusterrole=podscrape-audit'];
    await plane.kubectl([...bind, '--serviceaccount=audit:default']);
    const file = kubeconfigFor(await serviceAccountToken(plane, 'audit', 'default'), 'narrow');
    const found = await plane.waitFor('the rights', async () => {
      const tried = await audit(['-n', 'shop'], file);
      return tried.code === 2 && tried;
    });
    assert.deepEqual(found.missed, (await audit(['-n', 'shop'])).missed);
    assert.match(found.stderr, /^note: MutatingWebhookConfiguration 00-podscrape: .* may not get it .*\n$/);
    const all = await audit([], file);
    assert.equal(all.code, 1);
    assert.match(
      all.stderr,
      /pods in all namespaces: .* may not list it .*--print-rbac prints, or look in one namespace/,
    );
  });

  it('without any rights: what is lacking, and exit code 1', async () => {
    const found = await audit(['-n', 'shop'], kubeconfigFor(plane.developerToken, 'nobody'));
    assert.deepEqual([found.code, found.findings], [1, []]);
    assert.match(
      found.stderr,
      /\npods in namespace shop: .* may not list it .*; grant what podscrape audit --print-rbac prints\n$/,
    );
  });

  it('a token that nobody knows, a namespace that there is not: exit code 1', async () => {
    const unknown = await audit([], kubeconfigFor('nobody', 'unknown'));
    assert.deepEqual([unknown.code, /does not know who asks/.test(unknown.stderr)], [1, true]);
    const missing = await audit(['-n', 'shp']);
    assert.deepEqual([missing.code, missing.stderr], [1, 'there is no namespace shp; did you mean shop?\n']);
  });
});
