import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { fetchFrom, podAddress, startKubelet } from './kubelet/kubelet.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { FOREVER, Stage, shell, testImages } from './kubelet/stage.ts';
import type { Pod } from './kubelet/types.ts';
import { isRunning } from './processes.ts';
import { requireKubelet } from './require.ts';

const NAMESPACE = 'life';

describe('the life of Pods', await requireKubelet('the life of Pods'), () => {
  const { images, remove } = testImages();
  let plane: ControlPlane;
  let kubelet: Kubelet;
  let stage: Stage;

  before(async () => {
    plane = await startControlPlane();
    kubelet = await startKubelet(plane, { images });
    await plane.createNamespace(NAMESPACE);
    stage = new Stage(plane, NAMESPACE);
  });
  after(async () => {
    await kubelet.stop();
    await plane.stop();
    remove();
  });

  const workload = (name: string, podSpec: object) => ({
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec },
    },
  });

  it('a Deployment becomes available; its Pods answer over v4 and v6, and are behind their Service', async () => {
    const web = {
      name: 'web',
      image: 'example.test/server:1.2@sha256:0123',
      ports: [{ name: 'http', containerPort: 8080 }],
      readinessProbe: { httpGet: { port: 'http', path: '/ready' }, periodSeconds: 1 },
    };
    const { metadata, spec } = workload('web', { containers: [web] });
    const replicas = 2;
    await stage.create('/apis/apps/v1/{}/deployments', { metadata, spec: { ...spec, replicas } });
    const ports = [{ port: 80, targetPort: 'http' }];
    await stage.create('/api/v1/{}/services', { metadata, spec: { selector: { app: 'web' }, ports } });
    await plane.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/web', '--timeout=60s']);
    const { body } = await plane.request<{ items: Pod[] }>(
      'GET',
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dweb`,
    );
    const addresses: string[] = [];
    for (const { metadata: pod } of body.items) {
      const v4 = await podAddress(plane, NAMESPACE, pod.name);
      const v6 = await podAddress(plane, NAMESPACE, pod.name, 6);
      assert.match(v4, /^10\.244\./);
      assert.match(v6, /^fd00:10:244::/);
      for (const address of [v4, v6]) {
        const answer = await fetchFrom(address, 8080, '/metrics');
        const { url, env } = JSON.parse(answer.body) as { url: string; env: Record<string, string> };
        assert.deepEqual([answer.status, url, env['HOSTNAME']], [200, '/metrics', pod.name]);
      }
      addresses.push(v4);
    }
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
    await plane.waitFor('the Pods in the EndpointSlice', async () => {
      interface Slice {
        readonly endpoints: {
          readonly addresses: string[];
          readonly conditions: { readonly ready: boolean };
        }[];
      }
      const { body: list } = await plane.request<{ items: Slice[] }>('GET', slices);
      const ready = list.items.flatMap(({ endpoints }) => endpoints).filter((one) => one.conditions.ready);
      const there = ready.flatMap((endpoint) => endpoint.addresses);
      return there.sort().join() === addresses.sort().join();
    });
  });

  it('a Pod that is not ready is running, but not in the rotation', async () => {
    const probe = { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 };
    await stage.pod('unready', { containers: [shell('app', FOREVER, { readinessProbe: probe })] });
    const { status } = await stage.phase('unready', 'Running');
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    assert.deepEqual([ready?.status, ready?.reason], ['False', 'ContainersNotReady']);
    assert.equal(ready?.message, 'containers with unready status: [app]');
    await kubelet.exec(NAMESPACE, 'unready', 'app', ['touch', '/tmp/ready']);
    await stage.until('unready', 'ready', ({ conditions = [] }) =>
      conditions.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
    );
  });

  it('init containers run one after another; a native sidecar lets the next begin once it has started', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const say = (word: string): string => `echo ${word} >> /shared/order`;
    const started = { exec: { command: ['test', '-e', '/shared/started'] }, periodSeconds: 1 };
    await stage.pod('ordered', {
      restartPolicy: 'Never',
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        shell('first', `sleep 0.3; ${say('first')}`, { volumeMounts }),
        shell('sidecar', `sleep 0.3; ${say('sidecar')}; touch /shared/started; ${FOREVER}`, {
          ...{ restartPolicy: 'Always', startupProbe: started, volumeMounts },
        }),
        shell('second', say('second'), { volumeMounts }),
      ],
      containers: [shell('main', `${say('main')}; cat /shared/order`, { volumeMounts })],
    });
    await stage.phase('ordered', 'Succeeded');
    assert.equal(kubelet.logs(NAMESPACE, 'ordered', 'main'), 'first\nsidecar\nsecond\nmain\n');
  });

  it('an init container that fails is tried again; without restarts the Pod has failed', async () => {
    const initContainers = [shell('init', 'exit 3')];
    const containers = [shell('main', 'echo never')];
    await stage.pod('init-again', { initContainers, containers });
    const { status } = await stage.waits('init-again', 'CrashLoopBackOff');
    assert.equal(status?.phase, 'Pending');
    assert.equal(status.initContainerStatuses?.[0]?.lastState.terminated?.exitCode, 3);
    assert.equal(status.containerStatuses?.[0]?.state.waiting?.reason, 'PodInitializing');
    await stage.pod('init-never', { restartPolicy: 'Never', initContainers, containers });
    await stage.phase('init-never', 'Failed');
    assert.equal(kubelet.logs(NAMESPACE, 'init-never', 'main'), '');
  });

  const job = (name: string, podSpec: object) => ({
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 5, ...podSpec } } },
  });
  const jobPod = async (name: string): Promise<string> =>
    plane.waitFor(`the Pod of Job ${name}`, async () => {
      const query = `labelSelector=${encodeURIComponent(`batch.kubernetes.io/job-name=${name}`)}`;
      const { body } = await plane.request<{ items: Pod[] }>(
        'GET',
        `/api/v1/namespaces/${NAMESPACE}/pods?${query}`,
      );
      return body.items[0]?.metadata.name;
    });
  const exporter = shell('exporter', `trap 'echo over; exit 0' TERM; ${FOREVER}`);
  const work = shell('work', 'echo worked');

  it('a Job with a native sidecar completes, and the sidecar is ended after the work', async () => {
    const native = { ...exporter, restartPolicy: 'Always' };
    await stage.create(
      '/apis/batch/v1/{}/jobs',
      job('native', { initContainers: [native], containers: [work] }),
    );
    await plane.kubectl(['-n', NAMESPACE, 'wait', '--for=condition=Complete', 'job/native', '--timeout=60s']);
    const name = await jobPod('native');
    const { status } = await stage.phase(name, 'Succeeded');
    assert.equal(status?.initContainerStatuses?.[0]?.state.terminated?.exitCode, 0);
    assert.equal(kubelet.logs(NAMESPACE, name, 'exporter'), 'over\n');
  });

  it('the same Job with a regular sidecar does not', async () => {
    await stage.create('/apis/batch/v1/{}/jobs', job('regular', { containers: [work, exporter] }));
    const name = await jobPod('regular');
    await stage.until(name, 'the work is done', ({ containerStatuses = [] }) =>
      containerStatuses.some((one) => one.name === 'work' && one.state.terminated?.exitCode === 0),
    );
    // As long as a whole other Pod takes, nothing changes.
    await stage.pod('meanwhile', { restartPolicy: 'Never', containers: [shell('app', 'sleep 0.3')] });
    await stage.phase('meanwhile', 'Succeeded');
    await stage.phase(name, 'Running');
    assert.ok(isRunning(kubelet.pid(NAMESPACE, name, 'exporter')));
  });

  it('a native sidecar that ends is started again, whatever the Pod’s policy', async () => {
    const crashing = shell('exporter', '[ -e /shared/once ] || { touch /shared/once; exit 1; }; ' + FOREVER, {
      restartPolicy: 'Always',
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    });
    const volumes = [{ name: 'shared', emptyDir: {} }];
    const spec = { initContainers: [crashing], containers: [shell('main', FOREVER)], volumes };
    await stage.pod('again', { ...spec, restartPolicy: 'Never' });
    const { status } = await stage.until(
      'again',
      'the sidecar runs anew',
      ({ initContainerStatuses: [sidecar] = [] }) =>
        sidecar?.restartCount === 1 && sidecar.state.running !== undefined,
    );
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 0);
  });

  it('a container whose liveness probe fails is restarted', async () => {
    const livenessProbe = {
      ...{ exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1 },
      initialDelaySeconds: 1,
    };
    await stage.pod('live', { containers: [shell('app', `: > /tmp/alive; ${FOREVER}`, { livenessProbe })] });
    await stage.phase('live', 'Running');
    await kubelet.exec(NAMESPACE, 'live', 'app', ['rm', '/tmp/alive']);
    const { status } = await stage.until(
      'live',
      'restarted',
      ({ containerStatuses: [app] = [] }) => app?.restartCount === 1 && app.state.running !== undefined,
    );
    assert.equal(status?.containerStatuses?.[0]?.lastState.terminated?.exitCode, 0);
  });

  it('a container that ends again and again is backed off; with OnFailure success is the end', async () => {
    await stage.pod('crashing', { containers: [shell('app', 'exit 7')] });
    const { status } = await stage.waits('crashing', 'CrashLoopBackOff');
    assert.equal(status?.containerStatuses?.[0]?.lastState.terminated?.exitCode, 7);
    assert.equal(status.phase, 'Running');
    const once = '[ -e /shared/once ] || { touch /shared/once; exit 1; }';
    await stage.pod('on-failure', {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'shared', emptyDir: {} }],
      containers: [shell('app', once, { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] })],
    });
    const over = await stage.phase('on-failure', 'Succeeded');
    assert.equal(over.status?.containerStatuses?.[0]?.restartCount, 1);
  });

  it('a deleted Pod gets SIGTERM, its grace, and SIGKILL; then it is gone with its namespace', async () => {
    await stage.pod('deaf', {
      terminationGracePeriodSeconds: 1,
      containers: [shell('app', `trap 'echo asked' TERM; echo up; ${FOREVER}`)],
    });
    await plane.waitFor('the trap', () => kubelet.logs(NAMESPACE, 'deaf', 'app') === 'up\n');
    const pid = kubelet.pid(NAMESPACE, 'deaf', 'app');
    assert.ok(existsSync(`/proc/${pid}`));
    const { status } = await plane.request('DELETE', stage.path('deaf'));
    assert.equal(status, 200);
    await plane.waitFor('SIGTERM', () => kubelet.logs(NAMESPACE, 'deaf', 'app').includes('asked'));
    await plane.waitFor(
      'the end',
      async () => (await plane.request('GET', stage.path('deaf'))).status === 404,
    );
    assert.equal(isRunning(pid), false);
  });

  it('a Pod whose first address is of IPv6, as in a cluster that puts that family first', async () => {
    const six = await startKubelet(plane, { images, nodeName: 'six', primaryFamily: 6 });
    try {
      const readinessProbe = { httpGet: { port: 8080, path: '/ready' }, periodSeconds: 1 };
      const web = { name: 'web', image: 'example.test/server', readinessProbe };
      await stage.pod('six', { nodeName: 'six', containers: [web] });
      const address = await podAddress(plane, NAMESPACE, 'six', 6);
      assert.equal((await fetchFrom(address, 8080)).status, 200);
      const { body } = await plane.request<Pod>('GET', stage.path('six'));
      const { podIP, podIPs, hostIP } = body.status ?? {};
      assert.deepEqual([podIP, podIPs?.[0]?.ip], [address, address]);
      assert.match(podIPs?.[1]?.ip ?? '', /^10\.244\./);
      assert.match(hostIP ?? '', /^fd00:10:244::/);
    } finally {
      await six.stop();
    }
  });

  it('when the API server was away, the kubelet goes on', async () => {
    await plane.restartApiserver();
    await stage.pod('later', { restartPolicy: 'Never', containers: [shell('app', 'echo here')] });
    await stage.phase('later', 'Succeeded');
  });

  it('a container that is killed ended with 137', async () => {
    await stage.pod('killed', { restartPolicy: 'Never', containers: [shell('app', FOREVER)] });
    await stage.phase('killed', 'Running');
    process.kill(kubelet.pid(NAMESPACE, 'killed', 'app'), 'SIGKILL');
    const { status } = await stage.phase('killed', 'Failed');
    assert.equal(status?.containerStatuses?.[0]?.state.terminated?.exitCode, 137);
    assert.equal(kubelet.logs(NAMESPACE, 'killed', 'app'), '');
  });

  it('hundreds of Pods whose images are unknown wait, and keep no other from running', async () => {
    const { metadata, spec } = workload('many', {
      containers: [{ name: 'a', image: 'example.test/unknown' }],
    });
    await stage.create('/apis/apps/v1/{}/deployments', { metadata, spec: { ...spec, replicas: 300 } });
    await stage.pod('beside', { restartPolicy: 'Never', containers: [shell('app', 'echo here')] });
    await stage.phase('beside', 'Succeeded');
    const query = 'labelSelector=app%3Dmany';
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?${query}`;
    const waiting = async (): Promise<boolean> => {
      const { body } = await plane.request<{ items: Pod[] }>('GET', path);
      const reasons = body.items.map(({ status }) => status?.containerStatuses?.[0]?.state.waiting?.reason);
      return reasons.length === 300 && reasons.every((reason) => reason === 'ImagePullBackOff');
    };
    await plane.waitFor('300 Pods in ImagePullBackOff', waiting, { timeoutMs: 120_000, intervalMs: 500 });
  });
});
