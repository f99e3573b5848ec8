import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { run } from '../commands/run.ts';
import type { Ran } from '../commands/run.ts';
import { reaching, scrapeConfig } from './chain-stage.ts';
import {
  BLOG,
  FOREIGN_JOB,
  SHOP,
  asking,
  deployment,
  foreignPrometheus,
  goServer,
  kubeconfigFile,
  liveImages,
  secureServer,
  server,
  untilTried,
} from './explain-live-stage.ts';
import { ExporterStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import { freePorts } from './processes.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';

/** A Pod's request, and what is said at the end. */
interface Case {
  readonly name: string;
  readonly asks: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly code: 0 | 2;
  readonly says: RegExp;
}

const AUTHORITY = 'certificate signed by unknown authority';

const CASES: readonly Case[] = [
  {
    name: 'healthy',
    asks: { port: '8080' },
    spec: secureServer(),
    code: 0,
    says: /^ {2}running +up {2}healthy app:8080 {2}http:\/\/[\d.]+:8080\/metrics {2}by podscrape-annotated\n$/m,
  },
  {
    name: 'wrong-path',
    asks: { port: '8080', path: '/metricz' },
    code: 2,
    says: /DOWN {2}wrong-path app:8080 [^]* answers, but not at that path\n +remedy: set the path that [^]* 404 Not Found\n$/,
  },
  {
    name: 'nobody-listens',
    asks: { port: '9999' },
    code: 2,
    says: /DOWN {2}nobody-listens app:9999 [^]* nothing listens on that port [^]*\n +remedy: check the port, and that [^]*: connection refused\n$/,
  },
  {
    // Go's servers say what is wrong, and so do most exporters and controllers.
    name: 'http-on-https',
    asks: { port: '9100' },
    spec: goServer(),
    code: 2,
    says: /DOWN {2}http-on-https app:9100 [^]* what an https port gives to http[^]*\n +remedy: set the scheme to https [^]* 400 Bad Request\n$/,
  },
  {
    // Node's only close the connection.
    name: 'http-on-https-closed',
    asks: { port: '8443' },
    spec: secureServer(),
    code: 2,
    says: /DOWN {2}http-on-https-closed app:8443 [^]* closed without an answer in HTTP\n +remedy: the port may speak https/,
  },
  {
    name: 'https-on-http',
    asks: { port: '8080', scheme: 'https' },
    code: 2,
    says: /DOWN {2}https-on-http app:8080 [^]* the port speaks http, and https was asked\n +remedy: set the scheme to http\n/,
  },
  {
    name: 'unknown-ca',
    asks: { port: '8443', scheme: 'https' },
    spec: secureServer(),
    code: 2,
    says: new RegExp(
      `DOWN {2}unknown-ca app:8443 [^]* does not know the authority [^]*\\n +remedy: give the job tls_config.ca_file[^]* ${AUTHORITY}\\n$`,
    ),
  },
  {
    name: 'wrong-name',
    asks: { port: '8444', scheme: 'https' },
    spec: secureServer(),
    code: 2,
    says: /DOWN {2}wrong-name app:8444 [^]* for other names than its address\n +remedy: give the job tls_config\.server_name/,
  },
  {
    name: 'silent',
    asks: { port: '8081' },
    code: 2,
    says: /DOWN {2}silent app:8081 [^]* no whole answer within the timeout\n +remedy: [^]* deadline exceeded[^]*\n +took 1\.\d s; interval 1s, timeout 1s\n$/,
  },
  {
    name: 'not-scraped-yet',
    asks: { port: '8080', interval: '1d' },
    code: 0,
    says: /UNKNOWN {2}not-scraped-yet app:8080 [^]*\n +not scraped yet; it is every 1d\n$/,
  },
];

const suite = 'explain against targets that live';

describe(suite, await requirePrometheus(suite, { kubelet: true, binaries: ['node_exporter'] }), () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-live-'));
  let stage: ExporterStage;
  let prometheus: Prometheus | undefined;
  let manifest: string;
  /** The API server's proxy to a Prometheus with foreign jobs; it wants a CA and a token. */
  let proxy: string;

  before(async () => {
    stage = await ExporterStage.start(SHOP, [], await liveImages(folder));
    await stage.plane.createNamespace(BLOG);
    manifest = join(stage.plane.dataDir, 'web.json');
    writeFileSync(manifest, JSON.stringify(deployment(8080)));
    await foreignPrometheus(stage, 'monitoring');
    const stdin = await scrapeConfig(['--namespaces', SHOP, '--print-rbac']);
    await stage.plane.kubectl(['apply', '-f', '-', '-f', manifest], { stdin });
    for (const { name, asks, spec = server() } of CASES) await stage.ask(name, asking(asks), spec);
    const elsewhere = {
      metadata: { name: 'elsewhere', annotations: asking({ port: '8080' }) },
      spec: server(),
    };
    await stage.plane.request('POST', `/api/v1/namespaces/${BLOG}/pods`, elsewhere);
    const config = await scrapeConfig([...reaching(stage.plane), '--namespaces', SHOP]);
    prometheus = await startPrometheus({ config });
    // Two Pods are of the Deployment.
    await untilTried(prometheus, CASES.length + 2, 1);
    await podAddress(stage.plane, BLOG, 'elsewhere');
    await podAddress(stage.plane, 'monitoring', 'prometheus');
    proxy = `${stage.plane.url}/api/v1/namespaces/monitoring/pods/prometheus:9090/proxy`;
  });
  after(async () => {
    await prometheus?.stop();
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = (): string => prometheus?.url ?? assert.fail('it has not started');
  const explain = (...args: readonly string[]): Promise<Ran> => run('explain', ...args);
  /** As `admin`, whose context is in this namespace. */
  const pod = (name: string, ...args: readonly string[]): Promise<Ran> => {
    const kubeconfig = kubeconfigFile(stage.plane, stage.plane.adminToken, SHOP);
    return explain(`pod/${name}`, '--kubeconfig', kubeconfig, ...args);
  };
  /** The Deployment of the manifest, with a port in place of the one that runs. */
  const web = async (port: number, ...args: readonly string[]): Promise<Ran> => {
    const file = join(stage.plane.dataDir, `web-${port}.json`);
    writeFileSync(file, JSON.stringify(deployment(port)));
    return explain('-f', file, ...args);
  };
  const behindProxy = (token?: string): readonly string[] => {
    const ca = ['--prometheus', proxy, '--prometheus-ca-file', stage.plane.caFile];
    if (token === undefined) return ca;
    const file = join(stage.plane.dataDir, 'token-for-prometheus');
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return [...ca, '--prometheus-token-file', file];
  };
  /** It says this and nothing else: no explanation, and exit code 1. */
  const fails = ({ code, stdout, stderr }: Ran, message: RegExp): void => {
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, message);
  };

  for (const { name, code, says } of CASES)
    it(`pod/${name}`, async () => {
      const ran = await pod(name, '--prometheus', url());
      assert.equal(ran.stderr, '');
      assert.match(ran.stdout.slice(ran.stdout.indexOf('\n  running') + 1), says);
      assert.equal(ran.code, code);
    });

  it('a Pod in a namespace that the jobs do not discover', async () => {
    const { code, stdout } = await pod('elsewhere', '-n', BLOG, '--prometheus', url());
    assert.match(stdout, /^ {2}running +no target of the Pod is scraped, as explained$/m);
    const missed = stdout.slice(stdout.indexOf('  NOT SCRAPED'));
    assert.match(missed, /^ {2}NOT SCRAPED {2}app:8080 http \/metrics\n/);
    assert.match(missed, /podscrape-annotated, .*: namespaces\.names has shop, not blog\n/);
    assert.match(missed, /\n +remedy: .*\(podscrape scrape-config --namespaces blog --print-rbac\)\n$/);
    assert.equal(code, 2);
  });

  it('the same, where the configuration that is explained sees it, and the running one does not', async () => {
    const args = ['-n', BLOG, '--preset', 'podscrape', '--prometheus', url()] as const;
    const { code, stdout } = await pod('elsewhere', ...args);
    assert.match(
      stdout,
      /MISSING {2}app:8080 .*\n +is not discovered: the job sees namespace shop, not blog; add it/,
    );
    assert.equal(code, 2);
  });

  it('manifests: every Pod of the Deployment', async () => {
    const { code, stdout } = await web(8080, '--prometheus', url());
    assert.equal(
      stdout.match(/ up {2}web-\w+-\w{5} app:8080 {2}http:\/\/10\.244[\d.]+:8080\/metrics /g)?.length,
      2,
      stdout,
    );
    assert.equal(code, 0);
  });

  it('manifests that are not what runs', async () => {
    const { code, stdout } = await web(9999, '--prometheus', url());
    assert.match(
      stdout,
      /MISSING {2}app:9999 .*\n +is dropped by rule \d+ \(keepequal\): .*"9999", not the same as .*"8080"\n/,
    );
    assert.equal(
      stdout.match(/runs, and was not explained: the running configuration or the Pod differs/g)?.length,
      2,
    );
    assert.equal(code, 2);
  });

  it('dropped by a rule of foreign jobs, through the API server’s proxy', async () => {
    const { code, stdout } = await web(8080, ...behindProxy(stage.plane.adminToken));
    assert.ok(stdout.includes(`jobs         ${proxy}\n`), stdout);
    const missed = stdout.slice(stdout.indexOf('  NOT SCRAPED'));
    const [, rule, remedy] = missed.trimEnd().split('\n');
    const label = '__meta_kubernetes_pod_label_team is not set, which does not match core';
    assert.equal(rule?.trim(), `${FOREIGN_JOB}: app:8080 dropped by rule 1 (keep): ${label}`);
    assert.match(remedy ?? '', /^ +remedy: change the rule, or what it reads of the Pod; /);
    assert.equal(code, 2);
  });

  it('jobs that the running Prometheus does not have', async () => {
    const { code, stdout } = await web(8080, '--preset', 'podscrape', ...behindProxy(stage.plane.adminToken));
    assert.match(
      stdout,
      /MISSING .*\n +there is no job podscrape-annotated in the running Prometheus; has it loaded/,
    );
    assert.equal(code, 2);
  });

  it('a Prometheus that wants a CA, a token, another token, more rights', async () => {
    fails(await web(8080, '--prometheus', proxy), /signed by nobody known; give --prometheus-ca-file$/m);
    fails(
      await web(8080, ...behindProxy()),
      /wants credentials \(HTTP 403\); give .* --prometheus-token-file$/m,
    );
    const other = ['--prometheus', proxy, '--prometheus-ca-file', join(folder, 'cert')];
    fails(await web(8080, ...other), /signed by none of \S+\/cert; give the CA that signed it$/m);
    const poor = behindProxy(stage.plane.developerToken);
    fails(
      await web(8080, ...poor),
      /knows the token of \S+, and refuses \(HTTP 403\); give its user the right/,
    );
    fails(
      await web(8080, ...behindProxy('wrong')),
      /does not take the token of \S+ \(HTTP 401\); renew it$/m,
    );
  });

  it('no Prometheus at that URL', async () => {
    const [port = 0] = await freePorts(1);
    const nobody = `http://127.0.0.1:${port}`;
    fails(
      await web(8080, '--prometheus', nobody),
      new RegExp(`^${nobody}: nothing listens there; .*port-forward`),
    );
    const ip = await podAddress(stage.plane, SHOP, 'healthy');
    fails(
      await web(8080, '--prometheus', `http://${ip}:8080`),
      /^http:\S+: it answered with no JSON \(HTTP 404\) where/,
    );
    fails(await web(8080, '--prometheus', `http://${ip}:8443`), /: it closed the connection; is it https:/);
    fails(
      await web(8080, '--prometheus', `https://${ip}:8080`),
      /: it does not speak TLS there; is it http:/,
    );
  });

  it('a Pod that does not exist, in the namespace of the context, of -n, or in default', async () => {
    const { adminToken } = stage.plane;
    const missing = (namespace: string): RegExp =>
      new RegExp(
        `^pod/none in namespace ${namespace}: there is no such Pod; look with kubectl get pods -A, `,
      );
    fails(await pod('none'), missing(SHOP));
    fails(await pod('none', '-n', BLOG), missing(BLOG));
    fails(
      await explain('pod/none', '--kubeconfig', kubeconfigFile(stage.plane, adminToken)),
      missing('default'),
    );
  });

  it('a kubeconfig without rights, and one that is out of date', async () => {
    const as = (token: string): Promise<Ran> =>
      explain('pod/healthy', '--kubeconfig', kubeconfigFile(stage.plane, token, SHOP));
    fails(
      await as(stage.plane.developerToken),
      /may not read it \(.*User "developer" cannot get resource "pods".*\); it needs get on pods in namespace shop$/m,
    );
    fails(await as('of-yesterday'), /does not know who asks; renew the credentials of \S+, context /);
  });

  // The last: it takes Prometheus' rights away.
  it('a Prometheus that may not list Pods', async () => {
    const config = await scrapeConfig(reaching(stage.plane, stage.plane.developerToken));
    await prometheus?.reload(config);
    await prometheus?.untilTargets('none', ({ active }) => active.length === 0);
    const { code, stdout } = await pod('healthy', '--prometheus', url());
    assert.match(
      stdout,
      /MISSING {2}app:8080 .*\n +is not discovered, .*: look at the rights of Prometheus’ ServiceAccount/,
    );
    assert.equal(code, 2);
  });
});
