// Node parses a million levels of JSON, but much of what walks them recursively overflows the stack at ten thousand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness, review, verdict } from './support.ts';

const post = { method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' } } as const;
const levels = [10, 1_000, 10_000, 100_000, 1_000_000];
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
/** The review of a Pod with `json` in the place named. */
const within = (place: string, json: string) => JSON.stringify(review()).replace(place, () => json);

for (const depth of levels) {
  test(`${depth} levels in place of a review: 400`, async (t) => {
    const { server } = harness(t);
    const reply = await server.app.inject({ ...post, payload: nested(depth) });
    assert.equal(reply.statusCode, 400);
  });

  for (const [what, place, around] of [
    ['an unknown field of the Pod', '"kind":"Pod","metadata"', (json: string) => `"x":${json},"metadata"`],
    ['the annotations', '{"podscrape.dev/port":"8080"}', (json: string) => json],
    ['an annotation', '"8080"', (json: string) => json],
    ['the image', '"web:1"', (json: string) => json],
    ['the containers', '[{"name":"web","image":"web:1"}]', (json: string) => json],
    ['a key beside __proto__', '"web:1"', (json: string) => `{"__proto__":${json}}`],
  ] as const) {
    test(`${depth} levels in ${what}: allowed`, async (t) => {
      const { server } = harness(t);
      const payload = within(place, around(nested(depth)));
      assert.ok(payload.includes(nested(depth)));
      const reply = await server.app.inject({ ...post, payload });
      assert.equal(reply.statusCode, 200);
      assert.equal(verdict({ text: reply.payload }).allowed, true);
      assert.equal(verdict({ text: reply.payload }).uid, 'f0a1');
    });
  }
}
