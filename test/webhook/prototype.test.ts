// Mutation runs before validation, so keys that would poison a prototype do arrive. The apiserver is their judge.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { harness, review, verdict } from './support.ts';

const post = { method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' } } as const;
const prototypeBefore = JSON.stringify(Reflect.ownKeys(Object.prototype).map(String));

afterEach(() => {
  assert.equal(JSON.stringify(Reflect.ownKeys(Object.prototype).map(String)), prototypeBefore);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

const poison: Readonly<Record<string, string>> = {
  'a plain __proto__': '"__proto__":{"polluted":"yes"},',
  'an escaped __proto__': '"\\u005f_proto__":{"polluted":"yes"},',
  'constructor.prototype': '"constructor":{"prototype":{"polluted":"yes"}},',
  'a text under __proto__': '"__proto__":"yes",',
  'a text under constructor': '"constructor":"yes",',
  'names of inherited methods': '"prototype":"yes","toString":"yes","hasOwnProperty":"yes",',
};
const places: Readonly<Record<string, string>> = {
  'the review': '{"apiVersion":"admission',
  'the request': '{"uid"',
  'the Pod': '{"apiVersion":"v1"',
  'the metadata': '{"generateName"',
  'the annotations': '{"podscrape.dev/port"',
  'the spec': '{"containers"',
  'a container': '{"name"',
};

for (const [what, keys] of Object.entries(poison)) {
  for (const [where, start] of Object.entries(places)) {
    test(`${what} in ${where}: the verdict of a Pod without it`, async (t) => {
      const { server } = harness(t);
      const plain = JSON.stringify(review());
      const payload = plain.replace(start, () => `{${keys}${start.slice(1)}`);
      assert.notEqual(payload, plain);
      const without = await server.app.inject({ ...post, payload: plain });
      const reply = await server.app.inject({ ...post, payload });
      assert.equal(reply.statusCode, 200);
      assert.deepEqual(verdict({ text: reply.payload }), verdict({ text: without.payload }));
    });
  }
}
