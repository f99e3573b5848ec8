import type { Target } from '../../core/decision.ts';
import { sha256 } from '../../core/hash.ts';
import type { StringMap } from '../../core/kubernetes.ts';
import type { JobOptions } from './options.ts';

/** A workload or Pod with what was decided to scrape of it. */
export interface ScrapedWorkload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Labels that its Pods have and others have not; never empty. */
  readonly selector: StringMap;
  readonly targets: readonly Target[];
  readonly profiles: readonly string[];
  /** Its Pods ask to be scraped slowly. */
  readonly slow: boolean;
}

/** A Service of one target, as it is printed. */
export interface MetricsService {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: StringMap;
    readonly annotations: StringMap;
  };
  readonly spec: object;
}

export interface MetricsServices {
  readonly services: readonly MetricsService[];
  /** What Services cannot carry, a line each. */
  readonly notes: readonly string[];
}

const LONGEST_NAME = 63;
/** Of an annotation's key after the slash. */
const LONGEST_KEY = 63;

/**
 * One Service for each target, named `<workload>-<container>-metrics`, for the jobs of the Service roles. Names that
 * several targets would have are made unique in a way that does not depend on their order.
 *
 * @param taken `namespace/name` of Services that are somebody else's
 */
export function metricsServices(
  workloads: readonly ScrapedWorkload[],
  options: Pick<JobOptions, 'annotationPrefix' | 'role'>,
  taken: ReadonlySet<string> = new Set(),
): MetricsServices {
  const notes: string[] = [];
  const wanted = workloads.flatMap((workload) =>
    workload.targets.map((target) => ({ workload, target, name: plainName(workload, target) })),
  );
  const count = new Map<string, number>();
  const place = (workload: ScrapedWorkload, name: string): string => `${workload.namespace}/${name}`;
  for (const { workload, name } of wanted)
    count.set(place(workload, name), (count.get(place(workload, name)) ?? 0) + 1);
  const services = wanted.map(({ workload, target, name }) => {
    const isUnique = count.get(place(workload, name)) === 1 && !taken.has(place(workload, name));
    const title = `${workload.namespace}/${workload.kind}/${workload.name}`;
    const unique = isUnique ? name : hashedName(workload, target);
    const { annotations, left } = annotationsOf(workload, target, options.annotationPrefix);
    for (const param of left)
      notes.push(`${title}: the parameter ${param} of container ${target.container} fits no annotation`);
    return service(workload, target, { name: unique, annotations, options });
  });
  return { services, notes };
}

function service(
  workload: ScrapedWorkload,
  { port, portName }: Target,
  {
    name,
    annotations,
    options,
  }: {
    readonly name: string;
    readonly annotations: StringMap;
    readonly options: Pick<JobOptions, 'annotationPrefix' | 'role'>;
  },
): MetricsService {
  const { annotationPrefix, role } = options;
  // Every Pod is scraped, whether it is ready or not, as Prometheus does without a Service.
  const headless = role === 'service' ? {} : { clusterIP: 'None', publishNotReadyAddresses: true };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: workload.namespace,
      labels: { [`${annotationPrefix}/metrics`]: 'true' },
      annotations,
    },
    spec: {
      ...headless,
      selector: workload.selector,
      ports: [{ name: portName ?? 'metrics', port, targetPort: port, protocol: 'TCP' }],
    },
  };
}

/** What the jobs read; not `prometheus.io/scrape`, which a stock job for Services would scrape a second time. */
function annotationsOf(
  { profiles, slow }: ScrapedWorkload,
  { container, scheme, path, params, interval, timeout }: Target,
  prefix: string,
): { readonly annotations: StringMap; readonly left: readonly string[] } {
  const fits = ([param]: readonly [string, string], index: number): boolean =>
    // Other characters would come back as `_`, and there is one value for a key.
    /^[A-Za-z0-9_]*[A-Za-z0-9]$/.test(param) &&
    `param_${param}`.length <= LONGEST_KEY &&
    params.findIndex(([name]) => name === param) === index;
  const rows: readonly (readonly [string, string])[] = [
    ['container', container],
    ...(profiles.length === 0 ? [] : [['profile', profiles.join(',')] as const]),
    ['scheme', scheme],
    ['path', path],
    ['interval', interval],
    ['timeout', timeout],
    ...(slow ? [['scrape-slow', 'true'] as const] : []),
    ...params.filter(fits).map(([param, value]) => [`param_${param}`, value] as const),
  ];
  return {
    annotations: Object.fromEntries(rows.map(([key, value]) => [`${prefix}/${key}`, value])),
    left: params.filter((param, index) => !fits(param, index)).map(([param]) => param),
  };
}

function plainName(workload: ScrapedWorkload, target: Target): string {
  const name = `${slug(workload, target)}-metrics${portSuffix(workload, target)}`;
  return name.length <= LONGEST_NAME ? name : hashedName(workload, target);
}

/** The hash is of everything that tells the target from others. */
function hashedName(workload: ScrapedWorkload, target: Target): string {
  const { kind, namespace, name } = workload;
  const identity = [kind, namespace, name, target.container, target.port].join('/');
  const end = `-${sha256(identity, 6)}-metrics${portSuffix(workload, target)}`;
  return `${slug(workload, target)
    .slice(0, LONGEST_NAME - end.length)
    .replace(/-+$/, '')}${end}`;
}

/** Several targets of one container are told apart by their ports. */
function portSuffix({ targets }: ScrapedWorkload, { container, port }: Target): string {
  return targets.filter((other) => other.container === container).length > 1 ? `-${port}` : '';
}

/** A Service's name is an RFC 1035 label: a workload's may begin with a digit and have dots. */
function slug({ name }: ScrapedWorkload, { container }: Target): string {
  const text = `${name}-${container}`.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return /^[a-z]/.test(text) ? text : `m-${text.replace(/^-+/, '')}`;
}
