import type { EngineConfig } from './engine-config.ts';
import { isGuaranteed as isGuaranteedPod, RESOURCES } from './exporter-resources.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import type { Pod } from './kubernetes.ts';
import type { NamespaceLimits } from './namespace-limits.ts';
import type { Account, Resources } from './namespace-limits-account.ts';
import { accountOf, isBestEffort, isGuaranteed, withDefaults } from './namespace-limits-account.ts';
import type { Amounts } from './namespace-limits-amounts.ts';
import { amountOf, amountsOf, amountText, COMPUTE, NOTHING } from './namespace-limits-amounts.ts';
import type { Clamped } from './namespace-limits-clamp.ts';
import { clamp, resourcesOfFigures } from './namespace-limits-clamp.ts';
import { faultsOf } from './namespace-limits-faults.ts';
import type { Problem } from './problem.ts';
import type { ExporterResources } from './profile.ts';
import { quoted } from './text.ts';

/**
 * The exporters that the namespace's limits let the Pod have, with the requests and limits that they are to get. An
 * exporter with which the Pod would break a rule that it keeps without is left out, with a word about it; a rule that
 * the Pod breaks anyway is the apiserver's to tell. Containers that are there already have their figures.
 *
 * @param asked the resources that the request asks for
 */
export function fitting(
  pod: Pod,
  exporters: readonly PlannedExporter[],
  asked: Readonly<Partial<ExporterResources>>,
  limits: NamespaceLimits | undefined,
  config: EngineConfig,
  problems: Problem[],
): readonly PlannedExporter[] {
  if (limits === undefined || exporters.length === 0) return exporters;
  let account = accountOf(pod, limits.ranges ?? []);
  return exporters.flatMap((planned) => {
    if (planned.existing !== undefined) return [planned];
    const fitted = fit(account, planned, limits, config);
    if (typeof fitted === 'string') {
      const message = `${noRoomWords(planned.exporter.name)}${fitted}`;
      problems.push({ code: 'no-sidecar', path: `${config.annotationPrefix}/profile`, message });
      return [];
    }
    // A Pod that is Guaranteed by its own words has been told of its requests; the LimitRanges may make it one too.
    const told = isGuaranteedPod(pod) ? new Set(['requests']) : new Set();
    const rows = RESOURCES.filter(({ of }) => !told.has(of));
    problems.push(...adjustments(fitted, asked, rows, isGuaranteed(account), config));
    account = fitted.account;
    return [{ ...planned, resources: fitted.figures }];
  });
}

/** How the word about an exporter without room begins; an audit reads it back from the record on the Pod. */
export function noRoomWords(exporter: string): string {
  return `no ${exporter} added: `;
}

interface Fitted {
  readonly figures: Readonly<Partial<ExporterResources>>;
  readonly because: Clamped['because'];
  /** The Pod with the exporter in it. */
  readonly account: Account;
}

/** The exporter's figures, or why there is no room for it. */
function fit(
  account: Account,
  planned: PlannedExporter,
  limits: NamespaceLimits,
  config: EngineConfig,
): Fitted | string {
  const before = new Set(faultsOf(account, limits).map(({ rule }) => rule));
  let reason: string | undefined;
  for (const candidate of candidates(account, planned, limits)) {
    const fault =
      starved(candidate, planned, config) ??
      faultsOf(candidate.account, limits).find(({ rule }) => !before.has(rule))?.text;
    if (fault === undefined) return candidate;
    reason ??= fault;
  }
  return reason ?? 'no room';
}

/** What the exporter may get, the best first. */
function candidates(account: Account, planned: PlannedExporter, limits: NamespaceLimits): readonly Fitted[] {
  const { quotas = [] } = limits;
  const wanted = resourcesOfFigures(planned.resources);
  const plain = (resources: Resources): Account => withExporter(account, planned, resources, limits);
  if (account.level !== undefined)
    return [{ figures: planned.resources, because: {}, account: plain(NO_RESOURCES) }];
  const classQuota = quotas.find(({ scopes = [] }) =>
    scopes.some(({ scopeName }) => CLASS_SCOPES.has(scopeName)),
  );
  if (classQuota !== undefined && isBestEffort(account)) {
    const reason = `dropped: by its class the Pod is under quota ${classQuota.name}`;
    const because = Object.fromEntries(RESOURCES.map(({ field }) => [field, reason]));
    return [{ figures: {}, because, account: plain(NO_RESOURCES) }];
  }
  const guaranteed = isGuaranteed(account);
  const configured = resourcesOfFigures(planned.exporter.resources);
  const clamped = clamp(wanted, configured, plain(wanted), guaranteed, limits);
  // Where the ratio of the whole Pod is bounded, an exporter that requests its limits makes it no worse.
  const even: Clamped = {
    requests: { ...clamped.requests, ...ratioBound(clamped.limits, limits) },
    limits: clamped.limits,
    because: { cpuRequest: UNEVEN, memoryRequest: UNEVEN, ...clamped.because },
  };
  return [clamped, even].map((resources) => ({
    figures: figuresOf(resources, planned.resources),
    because: resources.because,
    account: plain(resources),
  }));
}

/** Of the resources whose limits in the whole Pod may only be so many times its requests. */
function ratioBound(amounts: Amounts, { ranges = [] }: NamespaceLimits): Amounts {
  const items = ranges.flatMap((range) => range.limits).filter(({ type }) => type === 'Pod');
  const bound = items.map(({ maxLimitRequestRatio }) => amountsOf(maxLimitRequestRatio));
  const entries = COMPUTE.filter((resource) =>
    bound.some((ratios) => ratios[resource] !== undefined),
  ).flatMap((resource) => (amounts[resource] === undefined ? [] : [[resource, amounts[resource]]]));
  return Object.fromEntries(entries) as Amounts;
}

const UNEVEN = 'too little for the limit/request ratio of the Pod';
const NO_RESOURCES: Resources = { requests: NOTHING, limits: NOTHING };

/** Under which of these quotas a Pod is depends on its QoS class, which resources of the exporter would change. */
const CLASS_SCOPES: ReadonlySet<string> = new Set(['BestEffort', 'NotBestEffort']);

/** A native sidecar counts in all totals as a regular container does, where it stands last. */
function withExporter(
  account: Account,
  { exporter }: PlannedExporter,
  { requests, limits }: Resources,
  { ranges = [] }: NamespaceLimits,
): Account {
  const sized = withDefaults({ name: exporter.name, kind: 'regular' as const, requests, limits }, ranges);
  return { ...account, containers: [...account.containers, sized] };
}

/** The figures as text; those that stay what they were keep their owner's spelling. */
function figuresOf(
  resources: Resources,
  wanted: Readonly<Partial<ExporterResources>>,
): Readonly<Partial<ExporterResources>> {
  const entries = RESOURCES.flatMap(({ field, of, resource }) => {
    const amount = resources[of][resource];
    if (amount === undefined) return [];
    const text = wanted[field];
    // The apiserver itself sets a missing request to the limit.
    if (text === undefined && of === 'requests' && amount === resources.limits[resource]) return [];
    return [[field, text !== undefined && amountOf(text) === amount ? text : amountText(resource, amount)]];
  });
  return Object.fromEntries(entries) as Readonly<Partial<ExporterResources>>;
}

/** An exporter that a LimitRange cuts below the least that the administrator allows would not live. */
function starved(
  { account, because }: Fitted,
  { exporter }: PlannedExporter,
  { exporterBounds }: EngineConfig,
): string | undefined {
  const sized = account.containers.find(({ name }) => name === exporter.name);
  for (const { field, of, resource } of RESOURCES) {
    const reason = because[field];
    const amount = sized?.[of][resource];
    const { min } = exporterBounds[resource];
    if (of !== 'limits' || reason === undefined || amount === undefined) continue;
    if (amount < (amountOf(min) ?? 0)) return `its least ${resource}, ${min}, is ${reason}`;
  }
  return undefined;
}

/** What was asked for by annotation and comes out otherwise. */
function adjustments(
  { figures, because }: Fitted,
  asked: Readonly<Partial<ExporterResources>>,
  rows: readonly (typeof RESOURCES)[number][],
  guaranteed: boolean,
  { annotationPrefix }: EngineConfig,
): readonly Problem[] {
  return rows.flatMap(({ key, field, limit }): readonly Problem[] => {
    const isLimit = guaranteed && limit !== undefined && figures[limit] !== undefined;
    const text = asked[field];
    const result = isLimit ? figures[limit] : figures[field];
    const reason = isLimit ? 'not the limit, as in a Guaranteed Pod' : because[field];
    if (text === undefined || reason === undefined || result === text) return [];
    if (text === 'none' && result === undefined) return [];
    const path = `${annotationPrefix}/${key}`;
    const message = `${quoted(text)} is ${reason}`;
    return [{ code: 'resources-adjusted', path, message, hint: `using ${result ?? 'none'}` }];
  });
}
