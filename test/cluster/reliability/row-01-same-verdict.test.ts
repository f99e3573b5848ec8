import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { podOf } from '../../fuzz/pods.ts';
import { Random } from '../../fuzz/random.ts';
import type { ApiResponse, KubeObject } from '../client.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { get, register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { figures } from './figures.ts';

// The same Pods in every run; DRY_RUN_SEED explores.
const count = Number(process.env['DRY_RUN_PODS'] ?? figures({ always: 600, soak: 20_000 }));
const seed = Number(process.env['DRY_RUN_SEED'] ?? 20261121);
const IN_FLIGHT = 12;

const INJECT = 'podscrape.dev/inject';
const ENFORCE = { 'pod-security.kubernetes.io/enforce': 'restricted' };

/** Where a Pod goes without podscrape, and where with it. */
const NAMESPACES: Readonly<Record<string, Record<string, string>>> = {
  without: { [INJECT]: 'disabled' },
  asked: { [INJECT]: 'enabled' },
  open: {},
  'without-restricted': { [INJECT]: 'disabled', ...ENFORCE },
  'asked-restricted': { [INJECT]: 'enabled', ...ENFORCE },
};

interface Pair {
  readonly run: number;
  readonly pod: object;
  readonly without: ApiResponse<KubeObject>;
  readonly given: ApiResponse<KubeObject>;
}

describe(
  `row 01: what is accepted without us, of ${count} Pods of seed ${seed}`,
  await requireCluster('dry-run Pods'),
  () => {
    let plane: ControlPlane;
    let webhook: Webhook;
    const tally = { accepted: 0, injected: 0, refused: 0 };
    const differing: string[] = [];

    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
      webhook = await startWebhook();
      await register(plane, webhook);
      for (const [name, labels] of Object.entries(NAMESPACES)) await plane.createNamespace(name, labels);
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < count) note(await pair(next++));
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, work));
    });
    after(async () => {
      await webhook.stop();
      await plane.stop();
    });

    it('gets the same verdict, in the same words, with podscrape as without', () => {
      assert.equal(differing.slice(0, 10).join('\n\n'), '');
      assert.equal(differing.length, 0);
    });

    it('is let through by decision, never by failure', async () => {
      const { body } = await get(webhook.healthPort, '/metrics');
      const failed = body
        .split('\n')
        .filter((line) => /^podscrape_admission_failed_open_total.* [^0]/.test(line));
      assert.deepEqual(failed, []);
    });

    it('is worth it: most are accepted, many of those are injected, some are refused by podscrape', () => {
      assert.ok(tally.accepted > count * 0.6, `${tally.accepted} accepted`);
      assert.ok(tally.injected > count * 0.25, `${tally.injected} injected`);
      assert.ok(tally.refused > count * 0.03, `${tally.refused} refused`);
    });

    async function pair(run: number): Promise<Pair> {
      const random = new Random(seed, run);
      const restricted = random.percent(20);
      const pod = podOf(random, { hostile: 5, restricted });
      const [out, into] = restricted
        ? ['without-restricted', 'asked-restricted']
        : ['without', random.pick(['asked', 'open'])];
      const [without, given] = await Promise.all([dry(out, pod), dry(into, pod)]);
      return { run, pod, without, given };
    }

    function dry(namespace: string, pod: object): Promise<ApiResponse<KubeObject>> {
      return plane.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
    }

    function note({ run, pod, without, given }: Pair): void {
      const [expected, seen] = [verdictOf(without), verdictOf(given)];
      if (without.status === 201) tally.accepted += 1;
      const status = given.body.metadata?.annotations?.['podscrape.dev/status'] ?? '';
      if (status.startsWith('{"outcome":"injected"')) tally.injected += 1;
      if (status.startsWith('{"outcome":"refused"')) tally.refused += 1;
      if (expected === seen) return;
      const text = JSON.stringify(pod, (_, value: unknown) =>
        typeof value === 'string' && value.length > 500 ? `${value.slice(0, 500)}… (${value.length})` : value,
      );
      differing.push(`Pod ${run}\n  without: ${expected}\n  with: ${seen}\n  ${text}`);
    }
  },
);

/** Accepted, or the reason and words of the refusal without the names that the apiserver generates. */
function verdictOf({ status, body }: ApiResponse<KubeObject>): string {
  if (status === 201) return 'accepted';
  const message = (body.message ?? '').replaceAll(/"web-[a-z0-9]+"/g, 'NAME');
  // The apiserver looks over the resources of a Pod in the order of a Go map, another one each time.
  const [, intro = message, list = ''] = /^([^[]*)\[(spec.*)\]$/s.exec(message) ?? [];
  const faults = list.split(/, (?=spec\b)/).sort();
  return `${status} ${body.reason ?? ''}: ${intro}${faults.join(', ')}`;
}
