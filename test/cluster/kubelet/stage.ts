import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlPlane } from '../control-plane.ts';
import type { ImageEntry } from './images.ts';
import { podAddress } from './reach.ts';
import type { Container, Pod, PodSpec, PodStatus } from './types.ts';

/** Answers with its own environment; ends on SIGTERM. */
const SERVER = `
const { createServer } = require('node:http');
process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => response.end(JSON.stringify({ url: request.url, env: process.env })))
  .listen(8080, '::', () => console.log('serves'));
`;

/** The images of the kubelet's own tests. The folder with the server is one that only root may enter. */
export function testImages(): { readonly images: Record<string, ImageEntry>; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-kubelet-app-'));
  writeFileSync(join(folder, 'server.js'), SERVER, { mode: 0o644 });
  chmodSync(folder, 0o700);
  const server: ImageEntry = {
    entrypoint: [process.execPath, '/app/server.js'],
    env: { FROM_IMAGE: 'image', BOTH: 'image' },
    workingDir: '/app',
    user: 65534,
    binds: [{ from: folder, to: '/app' }],
  };
  return {
    images: {
      'example.test/server': server,
      'example.test/named': { ...server, user: 'nobody' },
      'example.test/shell': { entrypoint: ['/bin/sh', '-c'] },
      'example.test/tagged:2': { entrypoint: ['/bin/sh', '-c', 'echo the second'] },
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A container that runs a shell script; the shell ends on SIGTERM. */
export function shell(name: string, script: string, more: Partial<Container> = {}): Container {
  return { name, image: 'example.test/shell', args: [`trap 'exit 0' TERM; ${script}`], ...more };
}

/** What a script does for ever, in steps that let the shell see a signal. */
export const FOREVER = 'while :; do sleep 0.1; done';

/** A namespace of a test's control plane, and its Pods. */
export class Stage {
  readonly plane: ControlPlane;
  readonly namespace: string;

  constructor(plane: ControlPlane, namespace: string) {
    this.plane = plane;
    this.namespace = namespace;
  }

  /** Creates an object of the namespace. Errors: the API server refuses it. */
  async create(collection: string, body: object): Promise<void> {
    const path = collection.replace('{}', `namespaces/${this.namespace}`);
    const { status, body: answer } = await this.plane.request('POST', path, body);
    if (status !== 201) throw new Error(`${path}: ${answer.message ?? `status ${status}`}`);
  }

  /** Creates a Pod. */
  pod(name: string, spec: PodSpec, metadata: object = {}): Promise<void> {
    return this.create('/api/v1/{}/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, ...metadata },
      spec: { terminationGracePeriodSeconds: 5, ...spec },
    });
  }

  /** A ConfigMap or Secret. */
  data(kind: 'ConfigMap' | 'Secret', name: string, stringData: Record<string, string>): Promise<void> {
    return this.create(`/api/v1/{}/${kind.toLowerCase()}s`, {
      apiVersion: 'v1',
      kind,
      metadata: { name },
      [kind === 'Secret' ? 'stringData' : 'data']: stringData,
    });
  }

  path(name: string): string {
    return `/api/v1/namespaces/${this.namespace}/pods/${name}`;
  }

  /** The Pod, as soon as its status is as `test` wants it. */
  until(name: string, what: string, test: (status: PodStatus) => boolean): Promise<Pod> {
    let last: PodStatus | undefined;
    const look = async (): Promise<Pod | false> => {
      const { body } = await this.plane.request<Pod>('GET', this.path(name));
      last = body.status;
      if (last !== undefined && test(last)) return body;
      throw new Error(JSON.stringify(last));
    };
    return this.plane.waitFor(`Pod ${name}: ${what}`, look, { timeoutMs: 30_000 });
  }

  /** The Pod, once it has this phase. */
  phase(name: string, phase: string): Promise<Pod> {
    return this.until(name, phase, (status) => status.phase === phase);
  }

  /** The Pod, once one of its containers waits for this reason. */
  waits(name: string, reason: string): Promise<Pod> {
    return this.until(name, reason, ({ containerStatuses = [], initContainerStatuses = [] }) =>
      [...containerStatuses, ...initContainerStatuses].some(({ state }) => state.waiting?.reason === reason),
    );
  }
}

/** Two Pods: one whose process deafly has children, and one with a native sidecar. */
export async function twoPods(plane: ControlPlane): Promise<void> {
  await plane.createNamespace('ends');
  const stage = new Stage(plane, 'ends');
  const deaf = `trap '' TERM; sleep 1000 & setsid sleep 1000 & ${FOREVER}`;
  // Not root's: a change of user must not cut the processes loose.
  const securityContext = { runAsUser: 65534 };
  await stage.pod('deaf', { containers: [shell('app', deaf, { securityContext })] });
  const initContainers = [{ ...shell('exporter', FOREVER), restartPolicy: 'Always' }];
  await stage.pod('pair', { initContainers, containers: [shell('app', FOREVER)] });
  for (const name of ['deaf', 'pair']) await podAddress(plane, 'ends', name);
}
