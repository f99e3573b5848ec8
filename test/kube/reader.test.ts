import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';

import { openReader, ReadError } from '../../src/kube/reader.ts';
import { FakeApiServer, reset, status } from './fake-api-server.ts';

/** Against a fake: a real API server forgets a list between two pages only after minutes, and never at a wish. */
describe('lists that are read to their end', () => {
  const place = { path: '/api/v1/namespaces', what: 'namespaces' };

  it('begins anew where the list expired, and forgets what came before', async (t) => {
    const fake = await FakeApiServer.start(t);
    fake.pageSize = 2;
    for (const name of ['a', 'b', 'c', 'd', 'e']) fake.set(name);
    const reader = await openReader(fake.api);
    t.after(() => reader.close());
    const beginnings: string[][] = [];
    await reader.list(place, { depth: 'metadata' }, () => {
      const names: string[] = [];
      beginnings.push(names);
      return ({ metadata }) => {
        names.push(metadata.name);
        // The second page of the first list.
        if (beginnings.length === 1 && names.length === 2) fake.lists.push(status(410));
      };
    });
    assert.deepEqual(beginnings, [
      ['a', 'b'],
      ['a', 'b', 'c', 'd', 'e'],
    ]);
  });

  it('gives up after three beginnings, and says what helps', async (t) => {
    const fake = await FakeApiServer.start(t);
    fake.lists.push(status(410), status(410), status(410));
    const reader = await openReader(fake.api);
    t.after(() => reader.close());
    const error = await reader
      .list(place, { depth: 'whole' }, () => () => undefined)
      .catch((one: unknown) => one);
    assert.ok(error instanceof ReadError);
    assert.equal(
      error.message,
      'namespaces: the list expired 3 times before its end; read one namespace at a time',
    );
  });

  const faults = [
    ['forbidden', status(403, 'no'), 'namespaces: the test may not list it (no)'],
    ['a stranger', status(401), /does not know who asks; renew the credentials of the test$/],
    ['overloaded', status(503, 'later'), /answered 503 later$/],
    ['forbidden, in an answer that is cut off', cut, 'namespaces: the test may not list it (Forbidden)'],
    ['a cut connection', reset, /no answer from http:\/\/127.0.0.1:\d+ \(.+\); is the cluster up/],
  ] as const;
  for (const [name, answer, expected] of faults) {
    it(name, async (t) => {
      const fake = await FakeApiServer.start(t);
      fake.lists.push(answer);
      const reader = await openReader(fake.api);
      t.after(() => reader.close());
      await assert.rejects(
        reader.list(place, { depth: 'metadata' }, () => () => undefined),
        { name: 'ReadError', message: expected },
      );
    });
  }

  it('asks for the labels that are wanted, on every page', async (t) => {
    const fake = await FakeApiServer.start(t);
    fake.pageSize = 1;
    for (const name of ['a', 'b']) fake.set(name);
    const reader = await openReader(fake.api);
    t.after(() => reader.close());
    await reader.list(place, { depth: 'metadata', labelSelector: 'app=web' }, () => () => undefined);
    assert.deepEqual(
      fake.requests.map(({ query }) => query['labelSelector']),
      ['app=web', 'app=web'],
    );
  });
});

/** A proxy's, say, that dies. */
function cut(response: ServerResponse): void {
  response.writeHead(403, { 'content-length': '100' });
  response.write('{"message":', () => response.socket?.destroy());
}
