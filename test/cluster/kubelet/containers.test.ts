import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { requireKubelet } from '../require.ts';
import { fetchFrom, podAddress, startKubelet } from './kubelet.ts';
import type { Kubelet } from './kubelet.ts';
import { FOREVER, Stage, shell, testImages } from './stage.ts';

const NAMESPACE = 'inside';

describe('the inside of containers', await requireKubelet('the inside of containers'), () => {
  const { images, remove } = testImages();
  let plane: ControlPlane;
  let kubelet: Kubelet;
  let stage: Stage;
  let closed: string;

  before(async () => {
    plane = await startControlPlane();
    // Not in /tmp, which containers have as their own.
    closed = mkdtempSync('/var/tmp/podscrape-closed-');
    copyFileSync('/bin/echo', join(closed, 'echo'));
    const entrypoint = [join(closed, 'echo')];
    const more = { ...images, 'example.test/closed': { entrypoint, user: 65534 } };
    kubelet = await startKubelet(plane, { images: more, nodeName: 'a-node' });
    await plane.createNamespace(NAMESPACE);
    stage = new Stage(plane, NAMESPACE);
    await stage.data('ConfigMap', 'settings', { colour: 'blue', shape: 'round' });
    await stage.data('Secret', 'keys', { password: 'a b$(c)' });
  });
  after(async () => {
    await kubelet.stop();
    await plane.stop();
    remove();
    rmSync(closed, { recursive: true });
  });
  const run = async (pod: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await kubelet.exec(NAMESPACE, pod, 'app', ['sh', '-c', script]);
    return `${stdout}${stderr}${code === 0 ? '' : `exit code ${code}`}`.trim();
  };

  describe('variables', () => {
    let seen: Record<string, string>;
    let ips: readonly string[];
    const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
    const resource = (name: string, divisor?: string) => ({
      valueFrom: { resourceFieldRef: { resource: name, ...(divisor !== undefined && { divisor }) } },
    });

    before(async () => {
      const app = {
        name: 'app',
        image: 'example.test/server',
        envFrom: [
          { configMapRef: { name: 'settings' }, prefix: 'S_' },
          { secretRef: { name: 'none', optional: true } },
        ],
        env: [
          { name: 'BOTH', value: 'pod' },
          { name: 'PLAIN', value: 'x' },
          { name: 'EXPANDED', value: '$(PLAIN)/$(S_colour)/$(LATER)/$$(PLAIN)/$(FROM_IMAGE)/$5' },
          { name: 'LATER', value: 'y' },
          { name: 'S_shape', value: 'square' },
          { name: 'NAME', ...field('metadata.name') },
          { name: 'SPACE', ...field('metadata.namespace') },
          { name: 'UID', ...field('metadata.uid') },
          { name: 'LABEL', ...field("metadata.labels['app.kubernetes.io/name']") },
          { name: 'ANNOTATION', ...field("metadata.annotations['note']") },
          { name: 'NODE', ...field('spec.nodeName') },
          { name: 'ACCOUNT', ...field('spec.serviceAccountName') },
          { name: 'POD_IP', ...field('status.podIP') },
          { name: 'POD_IPS', ...field('status.podIPs') },
          { name: 'HOST_IP', ...field('status.hostIP') },
          { name: 'CPU', ...resource('limits.cpu', '1m') },
          { name: 'MEMORY', ...resource('requests.memory', '1Mi') },
          { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
          { name: 'CONFIG', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
          { name: 'NO_KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no', optional: true } } },
          { name: 'NO_SECRET', valueFrom: { secretKeyRef: { name: 'none', key: 'no', optional: true } } },
        ],
        resources: { limits: { cpu: '250m', memory: '64Mi' }, requests: { cpu: '100m', memory: '32Mi' } },
      };
      const labels = { 'app.kubernetes.io/name': 'label' };
      await stage.pod('env', { containers: [app] }, { labels, annotations: { note: 'noted' } });
      const address = await podAddress(plane, NAMESPACE, 'env');
      ips = [address, await podAddress(plane, NAMESPACE, 'env', 6)];
      const text = await plane.waitFor('the server', () => fetchFrom(address, 8080));
      seen = (JSON.parse(text.body) as { env: Record<string, string> }).env;
    });

    for (const [name, value] of Object.entries({
      FROM_IMAGE: 'image',
      BOTH: 'pod',
      EXPANDED: 'x/blue/$(LATER)/$(PLAIN)/$(FROM_IMAGE)/$5',
      S_colour: 'blue',
      S_shape: 'square',
      NAME: 'env',
      SPACE: NAMESPACE,
      LABEL: 'label',
      ANNOTATION: 'noted',
      NODE: 'a-node',
      ACCOUNT: 'default',
      CPU: '250',
      MEMORY: '32',
      SECRET: 'a b$(c)',
      CONFIG: 'blue',
      NO_KEY: undefined,
      NO_SECRET: undefined,
    }))
      it(`${name} is ${value ?? 'unset'}`, () => assert.equal(seen[name], value));

    it('the addresses are the Pod’s and the node’s', async () => {
      assert.equal(seen['POD_IP'], ips[0]);
      assert.equal(seen['POD_IPS'], ips.join());
      const { body } = await plane.request<{ metadata: { uid: string }; status: { hostIP: string } }>(
        'GET',
        stage.path('env'),
      );
      assert.deepEqual([seen['HOST_IP'], seen['UID']], [body.status.hostIP, body.metadata.uid]);
    });

    it('arguments are expanded, and `command` replaces the entry point', async () => {
      const env = [{ name: 'WORD', value: 'said' }];
      const command = ['/bin/echo', '$(WORD)'];
      const own = { image: 'example.test/server', name: 'app', command, args: ['$(NO)', '$$(WORD)'], env };
      await stage.pod('args', { restartPolicy: 'Never', containers: [own] });
      await stage.phase('args', 'Succeeded');
      assert.equal(kubelet.logs(NAMESPACE, 'args', 'app'), 'said $(NO) $(WORD)\n');
    });
  });

  describe('files', () => {
    const root = (): string => `/proc/${kubelet.pid(NAMESPACE, 'files', 'app')}/root`;
    before(async () => {
      const at = (name: string, mountPath: string, more = {}) => ({ name, mountPath, ...more });
      const mounts = [
        at('settings', '/etc/podscrape-test/settings'),
        at('items', '/etc/podscrape-test/items'),
        at('keys', '/etc/podscrape-test/one/password', { subPath: 'password' }),
        at('about', '/about'),
        at('all', '/all'),
        at('none', '/none'),
        at('scratch', '/scratch'),
        at('scratch', '/scratch/below', { subPath: 'part', readOnly: true }),
      ];
      const about = [{ path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" } }];
      const volumes = [
        { name: 'settings', configMap: { name: 'settings' } },
        {
          name: 'items',
          configMap: { name: 'settings', items: [{ key: 'colour', path: 'a/b', mode: 0o444 }] },
        },
        { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
        { name: 'about', downwardAPI: { items: about } },
        { name: 'none', configMap: { name: 'none', optional: true } },
        { name: 'scratch', emptyDir: {} },
        {
          name: 'all',
          projected: {
            sources: [
              { downwardAPI: { items: [{ ...about[0]!, path: 'colour' }, ...about] } },
              { configMap: { name: 'settings' } },
              { secret: { name: 'none', optional: true } },
            ],
          },
        },
      ];
      const containers = [shell('app', FOREVER, { volumeMounts: mounts })];
      await stage.pod('files', { containers, volumes }, { annotations: { note: 'first' } });
      await stage.phase('files', 'Running');
    });

    for (const [path, content] of Object.entries({
      '/etc/podscrape-test/settings/colour': 'blue',
      '/etc/podscrape-test/settings/shape': 'round',
      '/etc/podscrape-test/items/a/b': 'blue',
      '/etc/podscrape-test/one/password': 'a b$(c)',
      '/about/note': 'first',
      '/all/note': 'first',
      '/all/shape': 'round',
      // The later source overrides the earlier one.
      '/all/colour': 'blue',
    }))
      it(`${path} is there, inside and from the host`, async () => {
        assert.equal(await run('files', `cat ${path}`), content);
        assert.equal(readFileSync(await resolved(path), 'utf8'), content);
      });

    /** From the host, absolute links of a container would lead astray; these are relative. */
    const resolved = async (path: string): Promise<string> =>
      join(root(), await run('files', `readlink -f ${path}`));

    it('files of the API server are read-only, with the modes that were asked for', async () => {
      assert.match(await run('files', 'echo x > /about/note'), /Read-only file system/);
      assert.equal(
        await run('files', 'stat -L -c %a /etc/podscrape-test/one/password /about/note'),
        '400\n644',
      );
      assert.equal(await run('files', 'ls /none'), '');
    });

    it('an emptyDir is writable, but for a mount that is read-only', async () => {
      const there = 'echo x > /scratch/y; cat /scratch/y; echo z > /scratch/below/z';
      assert.match(await run('files', there), /^x\n.*Read-only file system/);
    });

    it('an annotation that changes, changes in the file', async () => {
      const metadata = { annotations: { note: 'second' } };
      await plane.request('PATCH', stage.path('files'), { metadata });
      await plane.waitFor('the new text', async () => (await run('files', 'cat /about/note')) === 'second');
    });

    it('a ConfigMap that changes, changes in the files', async () => {
      await stage.data('ConfigMap', 'changing', { key: 'first' });
      const volumes = [{ name: 'changing', configMap: { name: 'changing' } }];
      const volumeMounts = [{ name: 'changing', mountPath: '/changing' }];
      await stage.pod('changing', { volumes, containers: [shell('app', FOREVER, { volumeMounts })] });
      await stage.phase('changing', 'Running');
      const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/changing`;
      await plane.request('PATCH', path, { data: { key: 'second' } });
      await plane.waitFor(
        'the new text',
        async () => (await run('changing', 'cat /changing/key')) === 'second',
      );
    });

    it('nothing of it reaches the host', async () => {
      assert.equal(
        await run('files', 'echo x > /etc/podscrape-test/x; touch /tmp/x /usr/podscrape-test; ls /tmp'),
        'x',
      );
      for (const path of ['/etc/podscrape-test', '/usr/podscrape-test', '/about', '/scratch', '/.host'])
        assert.equal(existsSync(path), false, path);
    });

    it('a Pod speaks to the API server with its own token', async () => {
      const account = '/var/run/secrets/kubernetes.io/serviceaccount';
      const script = `
        const { readFileSync } = require('node:fs');
        const read = (name) => readFileSync('${account}/' + name, 'utf8');
        const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
        const headers = { authorization: 'Bearer ' + read('token') };
        const path = '/api/v1/namespaces/' + read('namespace') + '/pods';
        require('node:https').get({ host, port, path, headers, ca: read('ca.crt') }, (response) =>
          response.on('data', (data) => console.log(JSON.parse(data).message)));`;
      const command = [process.execPath, '-e', script];
      const app = { name: 'app', image: 'example.test/server', command };
      await stage.pod('api', { restartPolicy: 'Never', containers: [app] });
      await stage.phase('api', 'Succeeded');
      const user = `User "system:serviceaccount:${NAMESPACE}:default" cannot list resource "pods"`;
      assert.ok(kubelet.logs(NAMESPACE, 'api', 'app').includes(user));
    });
  });

  describe('users and privileges', () => {
    const restricted = {
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      ...{ runAsUser: 65534, runAsGroup: 1234, runAsNonRoot: true },
    };

    it('a restricted container has its user, no capability and no file to write', async () => {
      await stage.pod('restricted', { containers: [shell('app', FOREVER, { securityContext: restricted })] });
      await stage.phase('restricted', 'Running');
      assert.equal(await run('restricted', 'id -u; id -g; id -G'), '65534\n1234\n1234');
      const status = readFileSync(`/proc/${kubelet.pid(NAMESPACE, 'restricted', 'app')}/status`, 'utf8');
      for (const kind of ['CapEff', 'CapPrm', 'CapBnd']) assert.match(status, new RegExp(`${kind}:\t0{16}`));
      assert.match(status, /NoNewPrivs:\t1/);
      for (const path of ['/x', '/tmp/x', '/run/x', '/var/x'])
        assert.match(await run('restricted', `touch ${path}`), /Read-only file system/);
    });

    it('a container is alone in its namespaces', async () => {
      const pid = kubelet.pid(NAMESPACE, 'restricted', 'app');
      for (const kind of ['net', 'mnt', 'pid', 'ipc', 'uts'])
        assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
    });

    it('a binary in a folder that only root may enter runs as another user too, and the folder stays closed', async () => {
      await stage.pod('closed', {
        restartPolicy: 'Never',
        containers: [{ name: 'app', image: 'example.test/closed', args: ['hello'] }],
      });
      await stage.phase('closed', 'Succeeded');
      assert.equal(kubelet.logs(NAMESPACE, 'closed', 'app'), 'hello\n');
      assert.equal(statSync(closed).mode & 0o777, 0o700);
    });

    it('an image whose user is a name is refused under runAsNonRoot', async () => {
      const app = { name: 'app', image: 'example.test/named', securityContext: { runAsNonRoot: true } };
      await stage.pod('named', { containers: [app] });
      const { status } = await stage.waits('named', 'CreateContainerConfigError');
      assert.match(
        status?.containerStatuses?.[0]?.state.waiting?.message ?? '',
        /^container has runAsNonRoot and image has non-numeric user \(nobody\), cannot verify user is non-root \(pod: /,
      );
    });

    it('so is one that would run as root; a named user alone is fine', async () => {
      const securityContext = { runAsNonRoot: true };
      await stage.pod('root', { containers: [shell('app', FOREVER, { securityContext })] });
      const { status } = await stage.waits('root', 'CreateContainerConfigError');
      assert.match(
        status?.containerStatuses?.[0]?.state.waiting?.message ?? '',
        /^container has runAsNonRoot and image will run as root/,
      );
      await stage.pod('nobody', { containers: [{ name: 'app', image: 'example.test/named' }] });
      await stage.phase('nobody', 'Running');
      assert.equal(await run('nobody', 'id -un'), 'nobody');
    });
  });

  describe('what is missing', () => {
    it('an optional ConfigMap holds nothing up', async () => {
      const env = [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'a', optional: true } } },
        { name: 'B', value: 'set' },
      ];
      await stage.pod('optional', {
        restartPolicy: 'Never',
        containers: [shell('app', 'echo "${A-unset} $B"', { env })],
      });
      await stage.phase('optional', 'Succeeded');
      assert.equal(kubelet.logs(NAMESPACE, 'optional', 'app'), 'unset set\n');
    });

    it('a Secret that is not optional does, until it comes', async () => {
      const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'late', key: 'a' } } }];
      await stage.pod('late', {
        restartPolicy: 'Never',
        containers: [shell('app', 'echo "$A"', { env })],
      });
      const { status } = await stage.waits('late', 'CreateContainerConfigError');
      assert.equal(status?.containerStatuses?.[0]?.state.waiting?.message, 'secret "late" not found');
      assert.equal(status.phase, 'Pending');
      await stage.data('Secret', 'late', { a: 'come' });
      await stage.phase('late', 'Succeeded');
      assert.equal(kubelet.logs(NAMESPACE, 'late', 'app'), 'come\n');
    });

    it('a key that is not optional is named', async () => {
      const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } }];
      await stage.pod('keyless', { containers: [shell('app', FOREVER, { env })] });
      const { status } = await stage.waits('keyless', 'CreateContainerConfigError');
      const message = `couldn't find key size in ConfigMap ${NAMESPACE}/settings`;
      assert.equal(status?.containerStatuses?.[0]?.state.waiting?.message, message);
    });

    it('a volume’s ConfigMap keeps the container from being created', async () => {
      const volumes = [{ name: 'v', configMap: { name: 'later' } }];
      const volumeMounts = [{ name: 'v', mountPath: '/v' }];
      await stage.pod('volumeless', { volumes, containers: [shell('app', FOREVER, { volumeMounts })] });
      await stage.waits('volumeless', 'ContainerCreating');
      await stage.data('ConfigMap', 'later', { a: 'b' });
      await stage.phase('volumeless', 'Running');
    });

    it('an image that is not known is not pulled; another tag of one that is, is another image', async () => {
      const containers = ['example.test/none:1', 'example.test/tagged:1', 'example.test/tagged:2'].map(
        (image, at) => ({ name: `c${at}`, image }),
      );
      await stage.pod('images', { restartPolicy: 'Never', containers });
      const { status } = await stage.waits('images', 'ImagePullBackOff');
      const states = status?.containerStatuses?.map(({ state }) => Object.keys(state)[0]);
      assert.deepEqual(states?.slice(0, 2), ['waiting', 'waiting']);
      await plane.waitFor('its output', () => kubelet.logs(NAMESPACE, 'images', 'c2') === 'the second\n');
    });

    it('what this kubelet cannot do is said, not half done', async () => {
      await stage.pod('host', { hostNetwork: true, containers: [shell('app', FOREVER)] });
      const { status } = await stage.waits('host', 'CreateContainerConfigError');
      assert.match(
        status?.containerStatuses?.[0]?.state.waiting?.message ?? '',
        /^hostNetwork: true is not supported/,
      );
    });
  });
});
