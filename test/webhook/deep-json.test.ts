// Node parses a million levels of JSON, but much of what walks them recursively overflows the stack at ten thousand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../src/webhook/limits.ts';
import { harness, review, verdict } from './support.ts';

const post = { method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' } } as const;
const levels = [10, 1_000, 10_000, 90_000, 1_000_000];
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
/** The review of a Pod with `json` in the place named. */
const within = (place: string, json: string) => JSON.stringify(review()).replace(place, () => json);

for (const depth of levels) {
  const refused = depth > LIMITS.bodyValues ? 413 : 400;
  test(`${depth} levels in place of a review: ${refused}`, async (t) => {
    const { server } = harness(t);
    const reply = await server.app.inject({ ...post, payload: nested(depth) });
    assert.equal(reply.statusCode, refused);
  });

  for (const [what, place, around] of [
    ['an unknown field of the Pod', '"kind":"Pod","metadata"', (json: string) => `"x":${json},"metadata"`],
    ['the annotations', '{"podscrape.dev/port":"8080"}', (json: string) => json],
    ['an annotation', '"8080"', (json: string) => json],
    ['the image', '"web:1"', (json: string) => json],
    ['the containers', '[{"name":"web","image":"web:1"}]', (json: string) => json],
    ['a key beside __proto__', '"web:1"', (json: string) => `{"__proto__":${json}}`],
  ] as const) {
    // Each level is a value, of which a body may have so many.
    if (depth > LIMITS.bodyValues) {
      test(`${depth} levels in ${what}: 413`, async (t) => {
        const { server } = harness(t);
        const reply = await server.app.inject({ ...post, payload: within(place, around(nested(depth))) });
        assert.equal(reply.statusCode, 413);
      });
      continue;
    }
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
