import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { discoverPod, nameCollisions } from '../../src/prometheus/pod-discovery.ts';
import type { PodStatus, RunningPod } from '../../src/prometheus/pod-discovery.ts';
import { sanitiseLabelName } from '../../src/prometheus/sanitise.ts';

const META = '__meta_kubernetes_';
const POD: RunningPod = {
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    uid: '3c1f',
    labels: { app: 'web', 'app.kubernetes.io/name': 'web', empty: '' },
    annotations: { 'prometheus.io/scrape': 'true' },
    ownerReferences: [
      { kind: 'Other', name: 'other' },
      { kind: 'StatefulSet', name: 'web', controller: true },
    ],
  },
  spec: {
    nodeName: 'node-1',
    containers: [
      {
        name: 'app',
        image: 'example.com/app:1',
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { containerPort: 8125, protocol: 'UDP' },
        ],
      },
      { name: 'cron', image: 'example.com/cron:1' },
    ],
    initContainers: [{ name: 'migrate', image: 'example.com/app:1', ports: [{ containerPort: 9000 }] }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.7',
    hostIP: '192.0.2.1',
    conditions: [
      { type: 'Initialized', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    containerStatuses: [{ name: 'app', containerID: 'containerd://a' }],
    initContainerStatuses: [{ name: 'migrate', containerID: 'containerd://m' }],
  },
};

const SHARED = {
  [`${META}namespace`]: 'shop',
  [`${META}pod_annotation_prometheus_io_scrape`]: 'true',
  [`${META}pod_annotationpresent_prometheus_io_scrape`]: 'true',
  [`${META}pod_controller_kind`]: 'StatefulSet',
  [`${META}pod_controller_name`]: 'web',
  [`${META}pod_host_ip`]: '192.0.2.1',
  [`${META}pod_ip`]: '10.0.0.7',
  [`${META}pod_label_app`]: 'web',
  [`${META}pod_label_app_kubernetes_io_name`]: 'web',
  [`${META}pod_labelpresent_app`]: 'true',
  [`${META}pod_labelpresent_app_kubernetes_io_name`]: 'true',
  [`${META}pod_labelpresent_empty`]: 'true',
  [`${META}pod_name`]: 'web-0',
  [`${META}pod_node_name`]: 'node-1',
  [`${META}pod_phase`]: 'Running',
  [`${META}pod_ready`]: 'true',
  [`${META}pod_uid`]: '3c1f',
};

const addressesOf = (pod: RunningPod): readonly (string | undefined)[] =>
  discoverPod(pod).map((labels) => labels.get('__address__'));

describe('targets of a Pod', () => {
  it('containers and then init containers, one for each port, one without any', () => {
    const container = (values: Record<string, string>): Record<string, string> =>
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [`${META}pod_container_${name}`, value]),
      );
    const app = { name: 'app', id: 'containerd://a', image: 'example.com/app:1', init: 'false' };
    assert.deepEqual(
      discoverPod(POD).map((labels) => Object.fromEntries(labels)),
      [
        {
          __address__: '10.0.0.7:8080',
          ...SHARED,
          ...container({ ...app, port_name: 'http', port_number: '8080', port_protocol: 'TCP' }),
        },
        {
          __address__: '10.0.0.7:8125',
          ...SHARED,
          ...container({ ...app, port_number: '8125', port_protocol: 'UDP' }),
        },
        {
          __address__: '10.0.0.7',
          ...SHARED,
          ...container({ name: 'cron', image: 'example.com/cron:1', init: 'false' }),
        },
        {
          __address__: '10.0.0.7:9000',
          ...SHARED,
          ...container({
            ...{ name: 'migrate', id: 'containerd://m', image: 'example.com/app:1', init: 'true' },
            ...{ port_number: '9000', port_protocol: 'TCP' },
          }),
        },
      ],
    );
  });

  it('labels are sorted by name', () => {
    for (const labels of discoverPod(POD)) assert.deepEqual([...labels.keys()], [...labels.keys()].sort());
  });

  it('an IPv6 address is in brackets where a port follows', () => {
    const pod = { ...POD, status: { ...POD.status, podIP: 'fd00::5' } };
    assert.deepEqual(addressesOf(pod), ['[fd00::5]:8080', '[fd00::5]:8125', 'fd00::5', '[fd00::5]:9000']);
  });

  it('none without an address', () => {
    assert.deepEqual(addressesOf({ ...POD, status: { phase: 'Pending' } }), []);
    assert.deepEqual(addressesOf({ ...POD, status: { podIP: '' } }), []);
    assert.deepEqual(addressesOf({ spec: POD.spec }), []);
  });

  it('whether it is ready is unknown until it is said', () => {
    const ready = (status: PodStatus): string | undefined =>
      discoverPod({ ...POD, status })[0]?.get(`${META}pod_ready`);
    assert.equal(ready({ podIP: '10.0.0.7' }), 'unknown');
    assert.equal(ready({ podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'False' }] }), 'false');
  });

  it('hostile names and values', () => {
    const annotations = JSON.parse('{"__proto__": "a", "constructor": "b", "number": 5}') as Record<
      string,
      string
    >;
    const large = 'x'.repeat(262_144);
    const [labels] = discoverPod({ ...POD, metadata: { annotations: { ...annotations, large } } });
    assert.equal(labels?.get(`${META}pod_annotation___proto__`), 'a');
    assert.equal(labels.get(`${META}pod_annotation_constructor`), 'b');
    assert.equal(labels.get(`${META}pod_annotation_large`), large);
    assert.equal(labels.has(`${META}pod_annotation_number`), false);
    assert.equal(labels.get(`${META}pod_annotationpresent_number`), 'true');
  });
});

describe('names of labels and annotations', () => {
  it('one _ for each character that is not plain', () => {
    assert.equal(sanitiseLabelName('prometheus.io/scrape-slow'), 'prometheus_io_scrape_slow');
    assert.equal(sanitiseLabelName('é😀日'), '___');
    assert.equal(sanitiseLabelName('0a'), '0a');
  });

  it('of two that become one, the last counts, and they are told', () => {
    const annotations = {
      'prometheus.io/scheme': 'https',
      'prometheus.io.scheme': 'http',
      'prometheus.io/port': '8080',
      'prometheus.io.port': '8080',
    };
    const pod = { ...POD, metadata: { annotations, labels: { 'a.b': '1', a_b: '', 'a-b': '1' } } };
    const label = `${META}pod_annotation_prometheus_io_scheme`;
    assert.equal(discoverPod(pod)[0]?.get(label), 'https');
    assert.deepEqual(nameCollisions(pod), [
      { of: 'label', names: ['a-b', 'a.b', 'a_b'], label: `${META}pod_label_a_b` },
      { of: 'annotation', names: ['prometheus.io.scheme', 'prometheus.io/scheme'], label },
    ]);
    assert.deepEqual(nameCollisions({ spec: POD.spec }), []);
  });
});
