import type { Rendered } from '../chart/helm.ts';
import type { Audited } from './chart-stage.ts';

/** A right as the chart's roles give it, or as the audit log shows it in use: `patch secrets podscrape-certificate`. */
export type Right = string;

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What the roles among these objects allow, a line for each verb, resource and name. */
export function granted(objects: readonly Rendered[]): readonly Right[] {
  const rules = objects
    .filter(({ kind = '' }) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap((role) => role.rules as readonly Rule[]);
  return rules
    .flatMap(({ resources, resourceNames = [''], verbs }) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) => verbs.map((verb) => right(verb, resource, name))),
      ),
    )
    .sort();
}

/** Which of these rights the requests needed; a right without a name covers every name. */
export function used(requests: readonly Audited[], rights: readonly Right[]): readonly Right[] {
  const asked = new Set(
    requests.flatMap(({ verb, objectRef }) => {
      const { resource = '', name = '' } = objectRef ?? {};
      return [right(verb, resource, ''), right(verb, resource, name)];
    }),
  );
  return rights.filter((one) => asked.has(one));
}

function right(verb: string, resource: string, name: string): Right {
  return `${verb} ${resource} ${name}`.trim();
}

/** Requests that were refused, or that asked for what no resource is. */
export function refused(requests: readonly Audited[]): readonly string[] {
  return requests
    .filter(({ annotations, objectRef }) => {
      const decision = annotations?.['authorization.k8s.io/decision'];
      return decision !== 'allow' || objectRef === undefined;
    })
    .map(({ verb, requestURI, responseStatus }) => `${verb} ${requestURI}: ${responseStatus?.code}`);
}
