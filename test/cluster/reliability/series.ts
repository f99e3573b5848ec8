import { get } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

/** Every series of a webhook's `/metrics` and its value, by name and labels as they are written there. */
export async function seriesOf(webhook: Pick<Webhook, 'healthPort'>): Promise<ReadonlyMap<string, number>> {
  const { body } = await get(webhook.healthPort, '/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))] as const;
    }),
  );
}

/** The sum of a metric over several webhooks and all its series that have the label, as `cause="draining"`. */
export async function sumOf(
  webhooks: readonly Pick<Webhook, 'healthPort'>[],
  metric: string,
  label = '',
): Promise<number> {
  const all = await Promise.all(webhooks.map(seriesOf));
  return all
    .flatMap((series) => [...series])
    .filter(([name]) => (name === metric || name.startsWith(`${metric}{`)) && name.includes(label))
    .reduce((sum, [, value]) => sum + value, 0);
}
