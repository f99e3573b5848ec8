import assert from 'node:assert/strict';
import https from 'node:https';
import { test } from 'node:test';
import { listening, send } from './support.ts';

test('a connection is kept for the next request, for longer than any client keeps it', async (t) => {
  const { port } = await listening(t);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set<unknown>();
  agent.on('free', (socket) => sockets.add(socket));
  for (let round = 0; round < 20; round += 1) {
    // Errors that were read to their end do not cost the connection either.
    const reply = await send(port, round % 2 === 0 ? { agent } : { agent, body: '', method: 'GET' });
    assert.equal(reply.status, round % 2 === 0 ? 200 : 405);
    assert.equal(reply.headers.connection, 'keep-alive');
    assert.equal(reply.headers['keep-alive'], 'timeout=120');
  }
  assert.equal(sockets.size, 1);
});
