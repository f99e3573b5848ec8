import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isRunning } from './processes.ts';

const PREFIX = 'podscrape-cluster-';
const SERVICE_RANGE = '10.96.0.0/16';

/** The files of one control plane; all paths lie in `root`, but for `logs` when the caller chose another place. */
export interface Layout {
  root: string;
  logs: string;
  etcdData: string;
  certificates: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
  tokens: string;
  caFile: string;
  kubeconfig: string;
  home: string;
  adminToken: string;
  developerToken: string;
}

/** Makes the folder of a new control plane, readable by its owner only: new keys, new tokens, nothing from before. */
export function createLayout(logDir: string | undefined): Layout {
  sweep();
  // The pid in the name tells a later run whether the owner still lives.
  const root = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const at = (name: string): string => join(root, name);
  const layout: Layout = {
    root,
    logs: logDir ?? at('logs'),
    etcdData: at('etcd'),
    certificates: at('certificates'),
    serviceAccountKey: at('service-account.key'),
    serviceAccountPublicKey: at('service-account.pub'),
    tokens: at('tokens.csv'),
    caFile: at('ca.crt'),
    kubeconfig: at('kubeconfig'),
    home: at('home'),
    adminToken: randomBytes(24).toString('hex'),
    developerToken: randomBytes(24).toString('hex'),
  };
  for (const folder of [layout.logs, layout.home]) mkdirSync(folder, { recursive: true });
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(layout.serviceAccountKey, keys.privateKey.export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  });
  writeFileSync(layout.serviceAccountPublicKey, keys.publicKey.export({ type: 'spki', format: 'pem' }));
  const users = [
    `${layout.adminToken},admin,admin,system:masters`,
    `${layout.developerToken},developer,developer`,
  ];
  writeFileSync(layout.tokens, `${users.join('\n')}\n`, { mode: 0o600 });
  return layout;
}

/** Removes the folders whose owner was killed before it could: an hour old at least, for someone may read the logs. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!pid || isRunning(pid)) continue;
    const folder = join(tmpdir(), name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 3_600_000) rmSync(folder, { recursive: true, force: true });
  }
}

/** etcd's command line. The name is how its client port is known to be its own. */
export function etcdArgs(layout: Layout, name: string, clientPort: number, peerPort: number): string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--name=${name}`,
    `--data-dir=${layout.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${name}=${peer}`,
    // Its data needs to outlive no crash.
    '--unsafe-no-fsync',
  ];
}

/** kube-apiserver's command line: what a real cluster has on, on the loopback only. */
export function apiserverArgs(
  layout: Layout,
  port: number,
  etcdPort: number,
  extra: readonly string[],
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${layout.certificates}`,
    // A loopback address is refused in the EndpointSlice of the Service `kubernetes`, so none is published.
    '--endpoint-reconciler-type=none',
    '--authorization-mode=RBAC',
    `--token-auth-file=${layout.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${layout.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${layout.serviceAccountKey}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--allow-privileged=true',
    ...extra,
  ];
}

/** The controllers that want nodes or a cloud, of which there are none: they would mark every Pod as lost. */
const NO_CONTROLLERS = [
  'cloud-node-lifecycle-controller',
  'device-taint-eviction-controller',
  'node-ipam-controller',
  'node-lifecycle-controller',
  'node-route-controller',
  'pod-garbage-collector-controller',
  'service-lb-controller',
  'taint-eviction-controller',
];

/** kube-controller-manager's command line. */
export function controllerManagerArgs(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.kubeconfig}`,
    `--service-account-private-key-file=${layout.serviceAccountKey}`,
    `--root-ca-file=${layout.caFile}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--controllers=*,${NO_CONTROLLERS.map((name) => `-${name}`).join(',')}`,
    '--leader-elect=false',
    '--secure-port=0',
    // The defaults of 20 and 30 requests a second are meant for big clusters; a test waits for each of them.
    '--kube-api-qps=300',
    '--kube-api-burst=600',
  ];
}

/** A kubeconfig with one cluster and one user; JSON is YAML too. */
export function kubeconfig(url: string, ca: string, user: string, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'podscrape-test',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'podscrape-test', context: { cluster: 'podscrape-test', user } }],
    'current-context': 'podscrape-test',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
