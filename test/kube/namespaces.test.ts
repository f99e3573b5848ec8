import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sees, until, watched } from './support.ts';

test('lists, then follows what is added, changed and deleted', async (t) => {
  const { fake, watch, syncs, log, restarts } = await watched(t, (fake) => fake.set('shop', { team: 'a' }));
  assert.equal(watch.synced(), false);
  assert.equal(watch.get('shop'), undefined);
  await until('synced', () => watch.synced());
  assert.deepEqual(watch.get('shop'), { labels: { team: 'a' }, annotations: {} });
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  fake.set('bank', { team: 'c' });
  await sees(watch, 'bank', 'c');
  fake.delete('shop');
  await until('shop is gone', () => watch.get('shop') === undefined);
  assert.deepEqual(syncs, [1]);
  assert.deepEqual(restarts, []);
  assert.deepEqual(log.at('warn'), []);
});

test('asks for metadata only, for bookmarks, and for an end', async (t) => {
  const { fake } = await watched(t, () => undefined, { times: { watchSeconds: 200 } });
  await until('watched', () => fake.open === 1);
  const [list, watch] = fake.requests;
  assert.match(list?.accept ?? '', /^application\/json;as=PartialObjectMetadataList;g=meta\.k8s\.io;v=v1,/);
  assert.match(watch?.accept ?? '', /^application\/json;as=PartialObjectMetadata;g=meta\.k8s\.io;v=v1,/);
  assert.deepEqual(watch?.query, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '100',
    timeoutSeconds: '200',
  });
});

test('keeps all labels, and of the annotations those under the prefix', async (t) => {
  const annotations = {
    'podscrape.dev/default-profile': 'statsd',
    'podscrape.dev.example.com/x': 'another prefix',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  };
  const { watch } = await watched(t, (fake) => fake.set('shop', { team: 'a', 'x/y': '' }, annotations));
  await until('synced', () => watch.synced());
  assert.deepEqual(watch.get('shop'), {
    labels: { team: 'a', 'x/y': '' },
    annotations: { 'podscrape.dev/default-profile': 'statsd' },
  });
});

test('lists anew at once when told to, with the prefix in force then', async (t) => {
  let prefix = 'podscrape.dev';
  const annotations = { 'podscrape.dev/a': '1', 'example.com/a': '2' };
  const { fake, watch, restarts } = await watched(t, (fake) => fake.set('shop', {}, annotations), {
    annotationPrefix: () => prefix,
  });
  await until('watched', () => fake.open === 1);
  prefix = 'example.com';
  watch.relist();
  await until('the other annotation', () => watch.get('shop')?.annotations['example.com/a'] === '2');
  await until('watched again', () => fake.open === 1);
  assert.equal(fake.kinds, 'list watch list watch');
  assert.deepEqual(restarts, []);
});

test('lists ten thousand namespaces in pages', async (t) => {
  const { fake, watch, syncs } = await watched(t, (fake) => {
    for (let index = 0; index < 10_000; index++) fake.set(`n${index}`, { team: String(index) });
  });
  await until('synced', () => watch.synced());
  assert.deepEqual(syncs, [10_000]);
  assert.equal(watch.get('n9999')?.labels['team'], '9999');
  assert.equal(fake.requests.filter(({ kind }) => kind === 'list').length, 20);
});

test('nothing is replaced before the last page is there', async (t) => {
  const { fake, watch } = await watched(t, (fake) => {
    fake.pageSize = 1;
    fake.set('one', { team: 'a' });
    fake.set('two', { team: 'a' });
  });
  await until('watched', () => fake.open === 1);
  // A list that stays without an answer after its first page.
  fake.lists.push(
    (response) => response.end('{"metadata":{"continue":"1"},"items":[]}'),
    () => undefined,
  );
  watch.relist();
  await until('the second page is asked for', () => fake.kinds === 'list list watch list list');
  assert.equal(watch.synced(), true);
  assert.deepEqual([watch.get('one')?.labels['team'], watch.get('two')?.labels['team']], ['a', 'a']);
});

test('a relist forgets what was deleted meanwhile', async (t) => {
  const { fake, watch } = await watched(t, (fake) => {
    fake.set('old', { team: 'a' });
    fake.set('shop', { team: 'a' });
  });
  await until('watched', () => fake.open === 1);
  fake.watches.push((response) => response.destroy());
  fake.cut();
  fake.delete('old');
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  assert.equal(watch.get('old'), undefined);
});

test('stops: nothing is open, nothing more is asked for, what is known stays', async (t) => {
  const { fake, watch, log, restarts } = await watched(t, (fake) => fake.set('shop', { team: 'a' }));
  await until('watched', () => fake.open === 1);
  await watch.stop();
  await until('closed', () => fake.open === 0);
  assert.equal(fake.kinds, 'list watch');
  assert.equal(watch.get('shop')?.labels['team'], 'a');
  assert.deepEqual([restarts, log.at('warn')], [[], []]);
});

test('stops while it waits, for credentials, an answer or the next attempt', async (t) => {
  const waiting = await watched(t, (fake) => fake.lists.push(() => undefined));
  await until('asked', () => waiting.fake.kinds === 'list');
  await waiting.watch.stop();
  const asking = Promise.withResolvers<unknown>();
  const server = {
    ...waiting.fake.api,
    credentials: () => (asking.resolve(0), new Promise<never>(() => undefined)),
  };
  const locked = await watched(t, undefined, { server });
  await asking.promise;
  await locked.watch.stop();
  const pausing = await watched(t, (fake) => fake.lists.push((response) => response.destroy()), {
    times: { firstMs: 3_600_000, longestMs: 3_600_000 },
  });
  await until('failed', () => pausing.restarts.length === 1);
  await pausing.watch.stop();
  assert.deepEqual(waiting.restarts, []);
});
