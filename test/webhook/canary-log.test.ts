// A Pod holds secrets in environment, arguments and annotations: none of them may reach a log, at any level.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness, pod, review } from './support.ts';

const CANARY = 'CANARY-5bd1';
const post = { method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' } } as const;

/** Values in every place of a Pod where people put secrets, beside a request that is right. */
const secretive = {
  ...pod,
  metadata: {
    ...pod.metadata,
    labels: { team: CANARY },
    annotations: {
      ...pod.metadata.annotations,
      'example.com/token': CANARY,
      'prometheus.io/param_token': CANARY,
    },
  },
  spec: {
    containers: [
      {
        name: 'web',
        image: `registry.example/${CANARY}`,
        command: [CANARY],
        args: [`--password=${CANARY}`],
        env: [{ name: 'PASSWORD', value: CANARY }],
      },
    ],
  },
};

/** Requests that are wrong in ways whose messages quote the value. */
const requests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a good request': {},
  'a bad port': { 'podscrape.dev/port': CANARY },
  'a bad path': { 'podscrape.dev/path': CANARY },
  'an unknown profile': { 'podscrape.dev/profile': CANARY },
  'an unknown container': { 'podscrape.dev/container': CANARY },
  'bad parameters': { 'podscrape.dev/params': `?${CANARY}` },
  'good parameters': { 'podscrape.dev/params': `token=${CANARY}` },
  'targets that are no YAML': { 'podscrape.dev/targets': `{${CANARY}: [` },
  'targets with an unknown key': { 'podscrape.dev/targets': `[{port: 1, ${CANARY}: 2}]` },
  'a mapping': { 'podscrape.dev/profile': 'statsd', 'podscrape.dev/statsd-mapping': CANARY },
  'an unknown key': { 'podscrape.dev/prot': CANARY },
};

for (const [what, annotations] of Object.entries(requests)) {
  test(`${what}: no value of the owner's in the log`, async (t) => {
    const { server, lines, logText } = harness(t);
    const metadata = {
      ...secretive.metadata,
      annotations: { ...secretive.metadata.annotations, ...annotations },
    };
    for (const operation of ['CREATE', 'UPDATE']) {
      const body = review({ object: { ...secretive, metadata }, oldObject: secretive, operation });
      const reply = await server.app.inject({ ...post, payload: JSON.stringify(body) });
      assert.equal(reply.statusCode, 200);
    }
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['decision', 'decision'],
    );
    assert.doesNotMatch(logText(), new RegExp(CANARY));
  });
}

test('what is refused before it is understood leaves no value in the log either', async (t) => {
  const { server, lines, logText } = harness(t);
  const bodies = [`{"a": ${CANARY}`, `"${CANARY}"`, JSON.stringify({ ...review(), apiVersion: CANARY })];
  for (const payload of bodies) {
    assert.equal((await server.app.inject({ ...post, payload })).statusCode, 400);
  }
  assert.equal(lines.length, bodies.length);
  assert.doesNotMatch(logText(), new RegExp(CANARY));
});

test('an exception that quotes what it was given leaves no value in the log', async (t) => {
  const inject = () => {
    throw new SyntaxError(`Unexpected token in "${CANARY}\n    at ${CANARY} (file.js:1:1)"`);
  };
  const { server, lines, logText } = harness(t, { handler: { admit: inject } });
  await server.app.inject({ ...post, payload: JSON.stringify(review({ object: secretive })) });
  assert.deepEqual([lines[0]?.['msg'], lines[0]?.['error']], ['failed open', 'SyntaxError']);
  assert.doesNotMatch(logText(), new RegExp(CANARY));
});
