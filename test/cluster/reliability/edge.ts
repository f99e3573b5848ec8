import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';

import { send } from '../../webhook/support.ts';
import type { Post, Reply } from '../../webhook/support.ts';
import type { Webhook } from '../webhook.ts';

/** One request straight to a webhook, as somebody in the cluster could send it without the API server. */
export function sendTo(webhook: Webhook, post: Post = {}): Promise<Reply> {
  return send(webhook.port, { ca: authorityOf(webhook), ...post });
}

/** A bare TLS connection to a webhook, which says what it likes. */
export function wireTo(webhook: Webhook): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: webhook.port,
      ca: authorityOf(webhook),
      servername: 'localhost',
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      // What the server does to it is for the test to see by `destroyed`.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function authorityOf({ certDir }: Webhook): string {
  return readFileSync(join(certDir, 'ca.crt'), 'utf8');
}
