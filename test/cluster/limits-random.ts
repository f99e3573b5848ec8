import { Random } from '../fuzz/random.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Limits, LimitedPod, LimitStage } from './limits-stage.ts';
import { exporterOf } from './limits-stage.ts';

// The same in every run; LIMITS_SEED explores.
const SEED = Number(process.env['LIMITS_SEED'] ?? 20261121);
const NAMESPACES = Number(process.env['LIMITS_NAMESPACES'] ?? 40);
const PODS = 15;

/** What came of the comparison; `worse` and `needless` are told in words. */
export interface Tally {
  compared: number;
  accepted: number;
  added: number;
  left: number;
  guaranteed: number;
  readonly worse: string[];
  readonly needless: string[];
}

/** Random Pods under random limits, dry, without podscrape and with it. Waits once, for all limits to be known. */
export async function compareRandomly(plane: ControlPlane, stage: LimitStage): Promise<Tally> {
  const tally: Tally = {
    compared: 0,
    accepted: 0,
    added: 0,
    left: 0,
    guaranteed: 0,
    worse: [],
    needless: [],
  };
  const urgent = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'urgent' },
    value: 9,
  };
  await plane.request('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', urgent);
  const given: Limits[] = [];
  for (let index = 0; index < NAMESPACES; index++) {
    const random = new Random(SEED, index);
    const name = `random-${index}`;
    await plane.createNamespace(name);
    // Something is used already.
    if (random.percent(50)) await stage.create(name, podOf(random), false);
    given.push(await limited(stage, name, random));
  }
  await stage.settled();
  for (const [index, limits] of given.entries()) {
    const random = new Random(SEED, NAMESPACES + index);
    for (let pod = 0; pod < PODS; pod++) await compare(stage, `random-${index}`, random, limits, tally);
  }
  return tally;
}

async function compare(
  stage: LimitStage,
  namespace: string,
  random: Random,
  limits: Limits,
  tally: Tally,
): Promise<void> {
  const bare = podOf(random);
  const annotations = {
    'podscrape.dev/profile': 'http, statsd',
    ...random.maybe(20, 'podscrape.dev/exporter-cpu-limit', () => random.pick(['none', '50m', '500m'])),
    ...random.maybe(20, 'podscrape.dev/exporter-memory-limit', () => random.pick(['none', '64Mi'])),
    ...random.maybe(10, 'podscrape.dev/exporter-cpu-request', () => random.pick(['none', '40m'])),
    ...random.maybe(10, 'podscrape.dev/native-sidecar', () => 'true'),
  };
  const without = await stage.create(namespace, bare, true);
  tally.compared++;
  if (without.status !== 201) return;
  tally.accepted++;
  const asked = { ...bare, metadata: { generateName: 'web-', annotations } };
  const { status, body } = await stage.create(namespace, asked, true);
  const told = JSON.stringify({ limits, pod: asked, message: body.message });
  if (status !== 201) {
    tally.worse.push(told);
    return;
  }
  const wasGuaranteed = without.body.status?.qosClass === 'Guaranteed';
  const none = Object.values(annotations).includes('none');
  if (wasGuaranteed) tally.guaranteed++;
  if (wasGuaranteed && !none && body.status?.qosClass !== 'Guaranteed') tally.worse.push(`class: ${told}`);
  if (hasExporter(body)) {
    tally.added++;
    return;
  }
  tally.left++;
  // What podscrape would have added without any limits does not get in. A `none` may mean more than that.
  if (none) return;
  const { containers, resources } = bare.spec;
  const figure = (what: string, usual: string): string =>
    (annotations as Readonly<Record<string, string>>)[`podscrape.dev/exporter-${what}`] ?? usual;
  const most = { cpu: figure('cpu-limit', '100m'), memory: figure('memory-limit', '128Mi') };
  const least = { cpu: figure('cpu-request', '10m'), memory: '32Mi' };
  const figures = { requests: wasGuaranteed ? most : least, limits: most };
  const more = { name: 'more', image: 'more', ...(resources === undefined ? { resources: figures } : {}) };
  const forced = { ...bare, spec: { ...bare.spec, containers: [...containers, more] } };
  if ((await stage.create(namespace, forced, true)).status === 201) tally.needless.push(told);
}

function hasExporter(pod: LimitedPod): boolean {
  const init = (pod.spec['initContainers'] ?? []) as LimitedPod['spec']['containers'];
  return exporterOf(pod) !== undefined || init.some(({ name }) => name === 'statsd-exporter');
}

interface RandomPod {
  readonly spec: { readonly containers: readonly object[]; readonly resources?: unknown };
}

function podOf(random: Random): RandomPod {
  const container = (name: string): object => ({
    name,
    image: name,
    ...random.maybe(85, 'resources', () => resourcesOf(random)),
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'web-' },
    spec: {
      containers: random.list(random.percent(70) ? 1 : 2, (index) => container(`web-${index}`)),
      ...random.maybe(25, 'initContainers', () =>
        random.list(random.between(1, 2), (index) => ({
          ...container(`init-${index}`),
          ...random.maybe(50, 'restartPolicy', () => 'Always'),
        })),
      ),
      ...random.maybe(8, 'resources', () => even(random)),
      ...random.maybe(20, 'activeDeadlineSeconds', () => 60),
      ...random.maybe(20, 'priorityClassName', () => 'urgent'),
    },
  } as RandomPod;
}

function resourcesOf(random: Random): object {
  if (random.percent(35)) return even(random);
  const of = (cpu: readonly string[], memory: readonly string[]): object => ({
    ...random.maybe(90, 'cpu', () => random.pick(cpu)),
    ...random.maybe(90, 'memory', () => random.pick(memory)),
  });
  return {
    ...random.maybe(90, 'requests', () => of(['5m', '20m', '100m'], ['8Mi', '32Mi', '64Mi'])),
    ...random.maybe(90, 'limits', () => of(['100m', '200m', '500m'], ['64Mi', '128Mi', '512Mi'])),
  };
}

function even(random: Random): object {
  const figures = { cpu: random.pick(['50m', '200m', '1']), memory: random.pick(['64Mi', '256Mi', '1Gi']) };
  return { requests: figures, limits: figures };
}

/** Creates limits that the apiserver accepts: what is drawn may contradict itself, and is drawn again. */
async function limited(stage: LimitStage, name: string, random: Random): Promise<Limits> {
  for (;;) {
    const limits: Limits = {
      ranges: random.percent(70) ? [random.list(random.between(1, 2), () => itemOf(random))] : [],
      quotas: random.percent(70) ? random.list(random.between(1, 2), () => quotaOf(random)) : [],
    };
    const dry = await stage.accepts(name, limits);
    if (!dry) continue;
    await stage.limit(name, limits);
    return limits;
  }
}

function itemOf(random: Random): object {
  const amounts = (cpu: readonly string[], memory: readonly string[]) => (): object => ({
    ...random.maybe(60, 'cpu', () => random.pick(cpu)),
    ...random.maybe(60, 'memory', () => random.pick(memory)),
  });
  const ratio = amounts(['1', '2', '5', '10'], ['1', '2', '4']);
  if (random.percent(35))
    return {
      type: 'Pod',
      ...random.maybe(20, 'min', amounts(['5m', '50m'], ['16Mi', '64Mi'])),
      ...random.maybe(80, 'max', amounts(['110m', '210m', '550m'], ['130Mi', '300Mi', '600Mi', '2Gi'])),
      ...random.maybe(30, 'maxLimitRequestRatio', ratio),
    };
  return {
    type: 'Container',
    ...random.maybe(40, 'min', amounts(['5m', '15m', '50m'], ['4Mi', '48Mi', '64Mi'])),
    ...random.maybe(40, 'max', amounts(['60m', '200m', '1'], ['64Mi', '100Mi', '1Gi'])),
    ...random.maybe(40, 'default', amounts(['50m', '200m'], ['64Mi', '256Mi'])),
    ...random.maybe(40, 'defaultRequest', amounts(['5m', '50m'], ['16Mi', '64Mi'])),
    ...random.maybe(25, 'maxLimitRequestRatio', ratio),
  };
}

function quotaOf(random: Random): object {
  const cpu = (): string => random.pick(['55m', '105m', '205m', '250m', '550m']);
  const memory = (): string => random.pick(['70Mi', '130Mi', '260Mi', '300Mi', '600Mi', '1100Mi']);
  const byClass = random.percent(20);
  const drawn = {
    ...random.maybe(30, 'pods', () => random.pick(['1', '2', '10'])),
    ...random.maybe(30, random.pick(['cpu', 'requests.cpu']), cpu),
    ...random.maybe(30, 'limits.cpu', cpu),
    ...random.maybe(30, random.pick(['memory', 'requests.memory']), memory),
    ...random.maybe(30, 'limits.memory', memory),
  };
  const counted = { pods: random.pick(['0', '1', '5']) };
  const hard = byClass || Object.keys(drawn).length === 0 ? counted : drawn;
  const scopes = byClass
    ? [random.pick(['BestEffort', 'NotBestEffort'])]
    : random.percent(30)
      ? [random.pick(['Terminating', 'NotTerminating'])]
      : [];
  const selector = random.maybe(20, 'scopeSelector', () => ({
    matchExpressions: [
      random.pick([
        { scopeName: 'PriorityClass', operator: 'In', values: ['urgent'] },
        { scopeName: 'PriorityClass', operator: 'NotIn', values: ['urgent'] },
        { scopeName: 'PriorityClass', operator: 'Exists' },
      ]),
    ],
  }));
  return { hard, ...(scopes.length === 0 ? {} : { scopes }), ...(byClass ? {} : selector) };
}
