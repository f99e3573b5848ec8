import { Agent, request } from 'node:https';

import type { ControlPlane } from '../control-plane.ts';
import { sleep } from '../wait.ts';
import type { Pod } from './types.ts';

/** What {@link watchPods} tells of. */
export interface PodEvents {
  /** A Pod as it is now: new, changed, or seen again after a gap. */
  readonly changed: (pod: Pod) => void;
  /** The Pod of this uid is no more. */
  readonly gone: (uid: string) => void;
}

interface Event {
  readonly type: string;
  readonly object: Pod;
}

/** Lists and watches all Pods until `signal` aborts; after any failure it lists anew. */
export async function watchPods(plane: ControlPlane, events: PodEvents, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ ca: plane.ca, keepAlive: false });
  const known = new Set<string>();
  const see = (pod: Pod): void => {
    known.add(pod.metadata.uid);
    events.changed(pod);
  };
  const lose = (uid: string): void => {
    if (known.delete(uid)) events.gone(uid);
  };
  while (!signal.aborted) {
    try {
      const { status, body } = await plane.request<{
        items: Pod[];
        metadata: { resourceVersion: string };
      }>('GET', '/api/v1/pods');
      if (status !== 200) throw new Error(`list: status ${status}`);
      const there = new Set(body.items.map((pod) => pod.metadata.uid));
      for (const uid of known) if (!there.has(uid)) lose(uid);
      for (const pod of body.items) see(pod);
      await stream(plane, agent, body.metadata.resourceVersion, signal, ({ type, object }) => {
        if (type === 'DELETED') lose(object.metadata.uid);
        else if (type !== 'BOOKMARK') see(object);
      });
    } catch {
      // The API server restarts, or has forgotten the version: the next list tells.
    }
    await sleep(100);
  }
  agent.destroy();
}

/** Hands over one event after another until the API server ends the watch. Errors: it is refused, or an error event. */
function stream(
  plane: ControlPlane,
  agent: Agent,
  resourceVersion: string,
  signal: AbortSignal,
  each: (event: Event) => void,
): Promise<void> {
  const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${resourceVersion}`;
  const headers = { accept: 'application/json', authorization: `Bearer ${plane.adminToken}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${plane.url}/api/v1/pods?${query}`, { agent, headers, signal }, (response) => {
      if (response.statusCode !== 200) {
        outgoing.destroy(new Error(`watch: status ${response.statusCode}`));
        return;
      }
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = JSON.parse(line) as Event;
          if (event.type === 'ERROR') outgoing.destroy(new Error('watch: the version is too old'));
          else each(event);
        }
      });
      response.on('end', resolve);
      response.on('error', reject);
    });
    // A test that forgets to stop the kubelet ends all the same.
    outgoing.on('socket', (socket) => socket.unref());
    outgoing.on('error', reject);
    outgoing.end();
  });
}
