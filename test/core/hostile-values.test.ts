// Every key with hostile values: whatever is asked, the difference stays inside what podscrape owns.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import { TEXTS, YAML } from '../fuzz/hostile.ts';
import { foreignChange } from './ownership.ts';
import { engineConfig } from './support.ts';

const MEBIBYTE = 2 ** 20;

/** Attempts to choose an image, a command, a security context, a host path, a mount or another Pod's file. */
const ATTEMPTS = [
  'evil.example.com/exporter:latest',
  'redis,evil.example.com/exporter',
  '127.0.0.1:6379 --web.config.file=/etc/shadow',
  '127.0.0.1:6379\n--log.level=debug',
  '--web.listen-address=:1',
  '$(DATA_SOURCE_PASS)@evil.example.com:5432',
  '$$(REDIS_PASSWORD)',
  'redis://user:password@127.0.0.1:6379',
  '/var/run/secrets/kubernetes.io/serviceaccount/token',
  '../../../../etc/passwd',
  'token/../../x',
  'name/key/more',
  '/metrics"}\n{"op":"remove","path":"/spec',
  '/metrics\r\nHost: evil.example.com',
  '[{container: web, port: 8080, image: evil.example.com/x, hostPort: 80}]',
  '[{container: web, port: 8080, securityContext: {privileged: true}}]',
  'mappings: []\nvolumes: [{hostPath: {path: /}}]',
  'a'.repeat(MEBIBYTE),
  '\n'.repeat(MEBIBYTE),
  `mappings: [${'{match: a, name: b},'.repeat(MEBIBYTE / 20)}]`,
  `[${'{port: 8080},'.repeat(MEBIBYTE / 13)}]`,
];

const web: Container = {
  name: 'web',
  image: 'example.com/web:1',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: [{ name: 'GUNICORN_CMD_ARGS', value: '--workers=2' }],
};

/** One Pod for each profile, so that a value meets every exporter there is. */
const config = engineConfig();
const pods: readonly Pod[] = [...config.profiles.keys()].map((profile) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    labels: { app: 'web' },
    annotations: { 'podscrape.dev/profile': profile, 'podscrape.dev/exporter-secret': 'database/dsn' },
  },
  spec: { containers: [web], volumes: [] },
}));

describe('hostile values', () => {
  for (const name of ANNOTATION_NAMES) {
    it(name, () => {
      for (const value of [...TEXTS, ...YAML, ...ATTEMPTS]) {
        for (const pod of pods) {
          for (const asked of [withAnnotation(pod, name, value), withLabel(pod, name, value)]) {
            const { pod: after } = inject(asked, { namespace: 'shop', trigger: 'object' }, config);
            assert.equal(foreignChange(asked, after, config), undefined, JSON.stringify(value).slice(0, 200));
          }
        }
      }
    });
  }
});

function withAnnotation(pod: Pod, name: string, value: string): Pod {
  const annotations = { ...pod.metadata?.annotations, [`podscrape.dev/${name}`]: value };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/** No apiserver lets most of these be labels; the engine does not count on that. */
function withLabel(pod: Pod, name: string, value: string): Pod {
  const key = `podscrape.dev/${name}`;
  const others = Object.entries(pod.metadata?.annotations ?? {}).filter(([other]) => other !== key);
  const labels = { ...pod.metadata?.labels, [key]: value };
  return { ...pod, metadata: { ...pod.metadata, labels, annotations: Object.fromEntries(others) } };
}
