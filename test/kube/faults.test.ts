import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sleep } from '../cluster/wait.ts';
import { reset, status, stream } from './fake-api-server.ts';
import type { Answer, FakeApiServer } from './fake-api-server.ts';
import { sees, until, watched } from './support.ts';

const shop = (fake: FakeApiServer) => fake.set('shop', { team: 'a' });

/** Waits for the watch, and until it counts as one that worked. */
async function settled(fake: FakeApiServer): Promise<void> {
  await until('watched', () => fake.open === 1);
  await sleep(50);
}

const listFaults: Record<string, Answer> = {
  'status 500': status(500),
  'status 403': status(403, 'namespaces is forbidden'),
  'status 429': status(429),
  'a reset': reset,
  'half an answer': (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"items":[', () => reset(response));
  },
  'no JSON': (response) => response.end('<html>maintenance</html>'),
  'JSON that is no list': (response) => response.end('{}'),
  'a redirect': (response) => response.writeHead(302, { location: '/login' }).end(),
};
for (const [name, fault] of Object.entries(listFaults)) {
  test(`${name} on the list: not synced, tried again, and then followed`, async (t) => {
    const { fake, watch, restarts, log } = await watched(t, (fake) => {
      shop(fake);
      fake.lists.push(fault, (response) => {
        assert.equal(watch.synced(), false);
        fault(response);
      });
    });
    await until('back', () => log.at('info').length === 1);
    fake.set('shop', { team: 'b' });
    await sees(watch, 'shop', 'b');
    assert.deepEqual(restarts, ['list', 'list']);
    assert.equal(fake.kinds, 'list list list watch');
    assert.equal(log.at('warn').length, 1);
  });
}

test('the reason is what the Status says, else what the status is called', async (t) => {
  const { log } = await watched(t, (fake) =>
    fake.lists.push(status(403, 'namespaces is forbidden'), (response) =>
      response.writeHead(502).end('<html>'),
    ),
  );
  await until('back', () => log.at('info').length === 1);
  assert.deepEqual(
    log.at('warn').map(({ message, reason }) => [message, reason]),
    [
      ['nothing listed yet', 'status 403: namespaces is forbidden'],
      ['nothing listed yet', 'status 502: Bad Gateway'],
    ],
  );
});

const watchFaults: Record<string, Answer> = {
  'status 500': status(500),
  'status 403': status(403),
  'status 410': status(410),
  'a reset': reset,
  'an ERROR event': stream(
    '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd is away"}}\n',
  ),
  'a line that is no JSON': stream('{"type":"MODIFIED","obj\n'),
  'an event without object': stream('{"type":"MODIFIED"}\n'),
  'an expired event right after the list': stream('{"type":"ERROR","object":{"code":410}}\n'),
};
for (const [name, fault] of Object.entries(watchFaults)) {
  test(`${name} on the watch: listed anew and followed`, async (t) => {
    const { fake, watch, restarts, log } = await watched(
      t,
      (fake) => {
        shop(fake);
        fake.watches.push(fault, (response) => {
          fake.set('shop', { team: 'b' });
          fault(response);
        });
      },
      { times: { settledMs: 200 } },
    );
    await sees(watch, 'shop', 'b');
    await until('watched', () => fake.open === 1);
    fake.set('shop', { team: 'c' });
    await sees(watch, 'shop', 'c');
    await until('back', () => log.at('info').length === 1);
    assert.equal(fake.kinds, 'list watch list watch list watch');
    assert.deepEqual(
      restarts,
      name.includes('410') || name.includes('expired') ? ['expired', 'expired'] : ['watch', 'watch'],
    );
    assert.equal(log.at('warn').length, 1);
  });
}

test('a reset in mid-stream: resumed at the last version, nothing missed, no list', async (t) => {
  const { fake, watch, restarts } = await watched(t, shop);
  await settled(fake);
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  const last = fake.version;
  fake.cut();
  fake.set('shop', { team: 'c' });
  fake.set('bank', { team: 'd' });
  await sees(watch, 'bank', 'd');
  assert.equal(watch.get('shop')?.labels['team'], 'c');
  assert.equal(fake.kinds, 'list watch watch');
  assert.equal(fake.requests.at(-1)?.query['resourceVersion'], last);
  assert.deepEqual(restarts, ['watch']);
});

test('a bookmark moves the version on', async (t) => {
  const { fake } = await watched(t, shop);
  await settled(fake);
  fake.bookmark();
  const last = fake.version;
  await sleep(50);
  fake.end();
  await until('resumed', () => fake.kinds === 'list watch watch');
  assert.equal(fake.requests.at(-1)?.query['resourceVersion'], last);
});

test('a watch that ends in its time is no failure and is resumed', async (t) => {
  const { fake, watch, restarts, log } = await watched(t, shop);
  await settled(fake);
  fake.end();
  await settled(fake);
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  assert.equal(fake.kinds, 'list watch watch');
  assert.deepEqual([restarts, log.lines], [[], []]);
});

test('watches that end at once count as failures: no busy loop', async (t) => {
  const { fake, restarts, log } = await watched(
    t,
    (fake) =>
      fake.watches.push(
        (response) => response.end(),
        (response) => response.end(),
      ),
    { times: { settledMs: 200 } },
  );
  await until('back', () => log.at('info').length === 1);
  assert.deepEqual(restarts, ['watch', 'watch']);
  assert.equal(fake.kinds, 'list watch list watch list watch');
  assert.equal(log.at('warn')[0]?.reason, 'the watch ended at once');
});

test('a version that expired while the connection was cut: listed at once, no warning', async (t) => {
  const { fake, watch, restarts, log } = await watched(t, shop);
  await settled(fake);
  fake.compacted = Number(fake.version) + 1;
  fake.end();
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  assert.equal(fake.kinds.startsWith('list watch watch list'), true, fake.kinds);
  assert.deepEqual(restarts, ['expired']);
  assert.deepEqual(log.at('warn'), []);
});

test('an event cut in two by the network, in a character even, is one event; one cut off at the end is not', async (t) => {
  const { fake, watch, restarts } = await watched(t, shop);
  await settled(fake);
  const line = `{"type":"MODIFIED","object":{"metadata":{"name":"shop","resourceVersion":"101","labels":{"team":"é"}}}}\n`;
  const bytes = Buffer.from(line);
  const middle = bytes.indexOf('é') + 1;
  fake.write(bytes.subarray(0, middle));
  await sleep(20);
  fake.write(bytes.subarray(middle));
  await sees(watch, 'shop', 'é');
  fake.write('{"type":"DELETED","object":{"metadata":{"na');
  await sleep(20);
  fake.end();
  await until('listed anew', () => fake.kinds.startsWith('list watch list'));
  await sees(watch, 'shop', 'a');
  assert.deepEqual(restarts, ['watch']);
});

test('a silent connection counts as dead some time after the watch should have ended', async (t) => {
  const { fake, watch, restarts, log } = await watched(
    t,
    (fake) => {
      shop(fake);
      fake.watches.push(stream());
    },
    { times: { watchSeconds: 1, graceMs: 1 } },
  );
  await until('synced', () => watch.synced());
  fake.set('shop', { team: 'b' });
  await sees(watch, 'shop', 'b');
  assert.equal(fake.kinds.startsWith('list watch list'), true, fake.kinds);
  assert.equal(restarts[0], 'watch');
  assert.match(log.at('warn')[0]?.reason ?? '', /connection is dead/);
});

for (const kind of ['lists', 'watches'] as const) {
  test(`${kind} without an answer are given up`, async (t) => {
    const { fake, watch } = await watched(
      t,
      (fake) => {
        shop(fake);
        fake[kind].push(() => undefined);
      },
      { times: { answerMs: 100 } },
    );
    await sees(watch, 'shop', 'a');
    await until('watched', () => fake.open === 1);
  });
}

test('a list that stops in the middle is given up', async (t) => {
  const { watch } = await watched(
    t,
    (fake) => {
      shop(fake);
      fake.lists.push((response) => response.write('{"items":['));
    },
    { times: { answerMs: 100 } },
  );
  await sees(watch, 'shop', 'a');
});

test('a list that expires between two pages is made anew in one', async (t) => {
  const { fake, watch, restarts } = await watched(t, (fake) => {
    fake.pageSize = 1;
    shop(fake);
    fake.set('bank');
    // The first page has a namespace that is gone when the list begins anew.
    fake.lists.push(
      (response) => response.end('{"metadata":{"continue":"1"},"items":[{"metadata":{"name":"gone"}}]}'),
      status(410),
    );
  });
  await until('watched', () => fake.open === 1);
  assert.equal(fake.kinds, 'list list list watch');
  assert.equal(fake.requests[2]?.query['limit'], undefined);
  assert.deepEqual([watch.get('gone'), watch.get('bank')?.labels], [undefined, {}]);
  assert.deepEqual(restarts, []);
});

test('an API server that goes away and comes back: what is known stays, and is caught up with', async (t) => {
  const { fake, watch, log } = await watched(t, shop);
  await settled(fake);
  fake.lists.push(...Array.from({ length: 5 }, () => reset));
  fake.watches.push(reset);
  fake.cut();
  fake.set('shop', { team: 'b' });
  await until('away', () => fake.lists.length < 3);
  assert.equal(watch.synced(), true);
  assert.equal(watch.get('shop')?.labels['team'], 'a');
  await sees(watch, 'shop', 'b');
  await until('back', () => log.at('info').length === 1);
});

test('credentials that cannot be read, or never come, are asked for again', async (t) => {
  let asked = 0;
  const first = await watched(t, shop);
  const { api } = first.fake;
  const credentials = async () => {
    asked++;
    if (asked === 1) throw new Error('token: there is no such file');
    return asked === 2 ? new Promise<never>(() => undefined) : {};
  };
  const { watch, log } = await watched(t, undefined, {
    server: { ...api, credentials },
    times: { answerMs: 100 },
  });
  await sees(watch, 'shop', 'a');
  assert.deepEqual(
    log.at('warn').map(({ reason }) => reason),
    ['token: there is no such file', 'no credentials after 0.1 s'],
  );
});
