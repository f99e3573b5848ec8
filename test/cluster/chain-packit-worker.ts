import { randomBytes } from 'node:crypto';

import type { ExporterStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import { ensurePython } from './software/python.ts';

const PASSWORD = {
  name: 'REDIS_PASSWORD',
  valueFrom: { secretKeyRef: { name: 'broker', key: 'password' } },
};

/** The broker of Packit's workers, in a Pod of its own; resolves to its address. */
export async function startBroker(stage: ExporterStage): Promise<string> {
  await stage.data('Secret', 'broker', { password: randomBytes(18).toString('base64url') });
  const env = [PASSWORD, { name: 'REDIS_LISTEN', value: '0.0.0.0' }];
  await stage.pod('redis', { containers: [{ name: 'redis', image: 'example.test/redis', env }] });
  return podAddress(stage.plane, stage.namespace, 'redis');
}

/** A Celery worker that pushes to PUSHGATEWAY_URL, which podscrape sets; its queue is its own. */
export function worker(queue: string, broker: string) {
  return {
    name: 'worker',
    image: 'example.test/celery',
    args: ['-A', 'tasks', 'worker', '--pool=solo', '-l', 'WARNING', '-Q', queue],
    env: [PASSWORD, { name: 'REDIS_SERVICE_HOST', value: broker }],
  };
}

/** Has the worker of a Pod build a package, and waits until it is over: it may fail. */
export async function build(stage: ExporterStage, pod: string, what: string): Promise<void> {
  const { python } = await ensurePython();
  const script =
    `import tasks; r = tasks.build.apply_async(['${what}'], queue='${pod}'); ` +
    'print(r.get(timeout=25, propagate=False))';
  await stage.kubelet.exec(stage.namespace, pod, 'worker', [python, '-c', script]);
}
