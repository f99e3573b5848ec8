import type { FindingCode } from './finding.ts';
import { FINDINGS } from './finding.ts';
import type { Owner } from './workload.ts';

/** What a person can do. Nothing is ever done by the audit. */
export interface Remedy {
  readonly text: string;
  /** To run as it stands; undefined where no single command does it. */
  readonly command?: string;
}

/** What brings what was missed into the Pods of a workload; of what is mere information, where to read more. */
export function remedyFor(code: FindingCode, owner: Owner, namespace: string, pod: string): Remedy {
  if (SCRAPING.includes(code)) return explained(namespace, pod);
  if (FINDINGS[code].level === 'information') return INFORMED[code] ?? explained(namespace, pod);
  return replaced(owner, namespace, pod);
}

/** A new Pod would be scraped no better. */
const SCRAPING: readonly FindingCode[] = ['not-scraped', 'scrape-fails', 'scrape-untold', 'scrape-doubtful'];

const INFORMED: { readonly [code in FindingCode]?: Remedy } = {
  refused: { text: 'mend the request' },
  skipped: { text: 'nothing, where that is meant' },
  'no-longer-asked': { text: 'nothing; the next Pod is as the rules say now' },
  newer: { text: 'audit with the version that runs in the cluster' },
};

function explained(namespace: string, pod: string): Remedy {
  return {
    text: 'see which rule drops it',
    command: `podscrape explain pod/${pod} -n ${namespace}`,
  };
}

function replaced({ workload, known }: Owner, namespace: string, pod: string): Remedy {
  const { kind, name, apiVersion } = workload;
  const group = apiVersion.split('/')[0];
  const kubectl = `kubectl -n ${namespace}`;
  const deletion = `${kubectl} delete pod/${pod}`;
  const who = `${kind.toLowerCase()}/${name}`;
  if (group === 'apps' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) {
    switch (known?.replacement) {
      case 'paused':
        return {
          text: `${who} is paused, and a paused one is never restarted`,
          command: `${kubectl} rollout resume ${who} && ${kubectl} rollout restart ${who}`,
        };
      case 'on-delete':
        return { text: `${who} replaces Pods that are deleted only; one after the other`, command: deletion };
      default:
        return { text: 'restart it', command: `${kubectl} rollout restart ${who}` };
    }
  }
  switch (`${group ?? ''}/${kind}`) {
    case 'v1/Pod':
      return { text: 'nothing makes this Pod anew: delete it and apply its manifest again' };
    case 'batch/CronJob':
      return { text: 'nothing: the Pods of its next run go through the webhook' };
    case 'batch/Job':
      return { text: 'wait for its end, or delete the Job and apply its manifest again' };
    case 'apps/ReplicaSet':
      // A listed one that nothing controls is its own; of any other nobody knows here what to restart.
      return known === undefined
        ? { text: `restart what controls ${who}, which is not known without the right to list replicasets` }
        : { text: 'delete its Pods one after the other; it makes new ones', command: deletion };
    case 'v1/ReplicationController':
      return { text: 'delete its Pods one after the other; it makes new ones', command: deletion };
    default:
      return { text: `have ${who} make its Pods anew, as its controller wants it` };
  }
}
