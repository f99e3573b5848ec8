import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { imageName } from '../../src/core/pod.ts';
import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { fetchFrom, podAddress, startKubelet } from './kubelet/kubelet.ts';
import type { ImageEntry, Kubelet } from './kubelet/kubelet.ts';
import { Stage } from './kubelet/stage.ts';
import type { Pod } from './kubelet/types.ts';
import { containersOf } from './passes.ts';
import type { PodObject } from './pods.ts';
import { requireKubelet } from './require.ts';
import { POD_IMAGES } from './software/pod-images.ts';
import { requireSoftware } from './software/require.ts';
import type { SoftwareNeeds } from './software/require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const NODE_MODULES = join(import.meta.dirname, '../../node_modules');

/** What runs in the Pods of {@link ExporterStage}: an exporter of the profiles, or a program of the tests. */
export type Software = keyof typeof POD_IMAGES;

/** The options of a suite that runs injected Pods: it needs the control plane, the kubelet and the software. */
export async function requireStage(suite: string, needs: SoftwareNeeds): Promise<{ skip: false | string }> {
  const kubelet = await requireKubelet(suite, needs.binaries);
  return kubelet.skip === false ? requireSoftware(suite, needs) : kubelet;
}

/** A container that runs a script of Node, as a user other than root. */
export function node(script: string, more: object = {}) {
  return { name: 'app', image: 'example.test/node', args: [script], ...more };
}

/** What a page must have: a whole line, or what matches one. */
export type Line = string | RegExp;

/** A control plane with podscrape as its webhook and with a kubelet: what is injected runs, as it was injected. */
export class ExporterStage extends Stage {
  readonly kubelet: Kubelet;
  #webhook: Webhook;

  private constructor(plane: ControlPlane, namespace: string, webhook: Webhook, kubelet: Kubelet) {
    super(plane, namespace);
    this.#webhook = webhook;
    this.kubelet = kubelet;
  }

  /**
   * Boots everything. The images of exporters are known by the whole references that podscrape injects, all else as
   * `example.test/NAME`; `more` are a suite's own.
   */
  static async start(
    namespace: string,
    software: readonly Software[],
    more: Readonly<Record<string, ImageEntry>> = {},
  ): Promise<ExporterStage> {
    const images = { ...(await imagesOf(software)), ...more };
    const [plane, webhook] = await Promise.all([startControlPlane(), startWebhook()]);
    const kubelet = await startKubelet(plane, { images });
    await Promise.all([register(plane, webhook), plane.createNamespace(namespace)]);
    return new ExporterStage(plane, namespace, webhook, kubelet);
  }

  async stop(): Promise<void> {
    await this.kubelet.stop();
    await this.#webhook.stop();
    await this.plane.stop();
  }

  /** Starts podscrape anew with another configuration file. */
  async configure(config: string): Promise<void> {
    await this.#webhook.stop();
    this.#webhook = await startWebhook({ like: this.#webhook, config });
  }

  /** The collection of the namespace's Pods. */
  get pods(): string {
    return `/api/v1/namespaces/${this.namespace}/pods`;
  }

  /** Creates a Pod with a request; its warnings are podscrape's. */
  async ask(
    name: string,
    annotations: Readonly<Record<string, string>>,
    spec: object,
  ): Promise<{ readonly pod: PodObject; readonly warnings: readonly string[] }> {
    const asked = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, annotations },
      spec: { terminationGracePeriodSeconds: 5, ...spec },
    };
    const { status, body, warnings } = await this.plane.request<PodObject>('POST', this.pods, asked);
    assert.equal(status, 201, JSON.stringify(body));
    return { pod: body, warnings };
  }

  /** The Pod of a workload whose template has the label `app`, once it is there. */
  podOf(app: string): Promise<string> {
    return this.plane.waitFor(`the Pod of ${app}`, async () => {
      const query = `labelSelector=${encodeURIComponent(`app=${app}`)}`;
      const { body } = await this.plane.request<{ items: Pod[] }>('GET', `${this.pods}?${query}`);
      return body.items[0]?.metadata.name;
    });
  }

  async get(name: string): Promise<PodObject> {
    return (await this.plane.request<PodObject>('GET', this.path(name))).body;
  }

  /**
   * The metrics of a Pod's exporter, once they have all that is expected: from where the Pod's annotations say, which
   * must be a port that the exporter declares as its own.
   */
  async scrape(name: string, exporter: string, expected: readonly Line[]): Promise<readonly string[]> {
    const address = await podAddress(this.plane, this.namespace, name);
    const pod = await this.get(name);
    const { 'prometheus.io/port': port, 'prometheus.io/path': path } = pod.metadata.annotations ?? {};
    const ports = containersOf(pod).find((container) => container.name === exporter)?.ports ?? [];
    assert.deepEqual(
      ports.filter((one) => one.name?.endsWith('-metrics')).map(({ containerPort }) => String(containerPort)),
      [port],
      `the port of ${exporter} in ${name}`,
    );
    return this.page(address, Number(port), path ?? '', expected);
  }

  /** The lines of a page, once all that is expected is among them. */
  page(address: string, port: number, path: string, expected: readonly Line[]): Promise<readonly string[]> {
    return this.plane.waitFor(`metrics of ${address}:${port}${path}`, async () => {
      const { status, body } = await fetchFrom(address, port, path);
      const lines = body.split('\n');
      const missing = expected.filter((line) => !hasLine(lines, line));
      if (status === 200 && missing.length === 0) return lines;
      throw new Error(`${status}, without ${missing.join('; ')} among\n${related(lines, missing)}`);
    });
  }

  /** When a container's process was made, in the kernel's ticks since the machine's start. */
  ticks(name: string, container: string): number {
    return startTicks(this.kubelet.pid(this.namespace, name, container));
  }
}

function hasLine(lines: readonly string[], wanted: Line): boolean {
  return typeof wanted === 'string' ? lines.includes(wanted) : lines.some((line) => wanted.test(line));
}

/** For the message: the lines of the same metrics. */
function related(lines: readonly string[], missing: readonly Line[]): string {
  const names = missing.map((line) => /[a-z]\w+/i.exec(String(line))?.[0] ?? '');
  return lines.filter((line) => names.some((name) => line.startsWith(name))).join('\n');
}

/** Field 22 of /proc/PID/stat, counted from behind the name, which may hold spaces. */
function startTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

async function imagesOf(software: readonly Software[]): Promise<Record<string, ImageEntry>> {
  const images: Record<string, ImageEntry> = {
    'example.test/node': {
      entrypoint: [process.execPath, '-e'],
      user: 65534,
      // Where the checkout lies in /tmp, which a container has of its own.
      binds: [{ from: NODE_MODULES, to: NODE_MODULES }],
    },
    'example.test/shell': { entrypoint: ['/bin/sh', '-c'], user: 65534 },
  };
  for (const name of software) {
    const exporter = BUILT_IN_EXPORTERS.find(({ image }) => imageName(image) === name);
    images[exporter?.image ?? `example.test/${name}`] = await POD_IMAGES[name]();
  }
  return images;
}
