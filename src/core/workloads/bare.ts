import type { Added } from '../decision.ts';
import type { EngineConfig } from '../engine-config.ts';
import type { Container, Pod } from '../kubernetes.ts';
import { leftBehind, leftBehindProblems } from '../left-behind.ts';
import { own, places } from '../pod.ts';
import { isSame } from '../pointer.ts';
import type { Problem } from '../problem.ts';
import type { Claims } from './manifest.ts';
import type { Recorded } from '../status.ts';
import { recorded, statusKey } from '../status.ts';
import { uninject } from '../uninject.ts';

/** Pod templates as their owners wrote them: without what podscrape put there. */

/** The record in a pod template, as it is written. */
export function statusText(template: Pod | undefined, config: EngineConfig): string | undefined {
  return own(template?.metadata?.annotations, statusKey(config));
}

/** The template without what its own record says. */
export function withoutInjection(template: Pod, config: EngineConfig): Pod {
  const { added, changed } = recorded(template, config);
  return uninject(template, added, changed, config);
}

/**
 * A template that arrives by an update, without what the old template's record says. What the update alters of it is
 * the owner's from then on. A template that came with a record of its own, from `podscrape inject` for instance, is
 * left as it came, as it is on creation.
 */
export function withoutOldInjection(template: Pod, old: Pod, claims: Claims, config: EngineConfig): Pod {
  const left = leftOf(template, old, claims, config);
  return left === undefined ? template : uninject(template, left.added, left.changed, config);
}

/** Variables of the old injection that stay in the template because nothing tells them from the owner's. */
export function oldRemains(
  template: Pod,
  old: Pod,
  claims: Claims,
  config: EngineConfig,
): readonly Problem[] {
  const left = leftOf(template, old, claims, config);
  return left === undefined ? [] : leftBehindProblems(leftBehind(template, left.added, config));
}

/** The part of the old injection that the update left; undefined where the template is to stay as it came. */
function leftOf(template: Pod, old: Pod, claims: Claims, config: EngineConfig): Recorded | undefined {
  const text = statusText(template, config);
  const oldText = statusText(old, config);
  const cameInjected = text !== undefined && text !== oldText && isRecord(recorded(template, config));
  if (oldText === undefined || cameInjected) return undefined;
  return unaltered(recorded(old, config), old, template, claims);
}

function isRecord({ added, changed }: Recorded): boolean {
  return Object.keys(added).length > 0 || Object.keys(changed).length > 0;
}

/** The part of a record about things that stand in both templates alike, and that no manifest of the owner's has. */
function unaltered({ added, changed }: Recorded, old: Pod, now: Pod, claims: Claims): Recorded {
  const isLeft = (of: (pod: Pod) => unknown): boolean => isSame(of(old), of(now));
  const lists = Object.entries(added) as readonly (readonly [keyof Added, readonly string[]])[];
  const annotation = (key: string) => (pod: Pod) => own(pod.metadata?.annotations, key);
  return {
    added: Object.fromEntries(
      lists.map(([list, names]) => [
        list,
        names.filter((name) => isLeft((pod) => READ[list](pod, name)) && !claims(list, name)),
      ]),
    ),
    changed: Object.fromEntries(
      Object.entries(changed).filter(([key]) => isLeft(annotation(key)) && !claims('changed', key)),
    ),
  };
}

/** What an entry of each list of a record is about. */
const READ: Readonly<Record<keyof Added, (pod: Pod, name: string) => unknown>> = {
  containers: (pod, name) => containerOf(pod, name),
  volumes: (pod, name) => (pod.spec.volumes ?? []).find((volume) => volume.name === name),
  annotations: (pod, name) => own(pod.metadata?.annotations, name),
  ports: portsOf,
  named: portsOf,
  env: variablesOf,
  extended: variablesOf,
};

function containerOf(pod: Pod, name: string): Container | undefined {
  return places(pod).find(({ container }) => container.name === name)?.container;
}

function portsOf(pod: Pod, entry: string): unknown {
  const [name = '', number] = entry.split('/');
  return (containerOf(pod, name)?.ports ?? []).filter((port) => port.containerPort === Number(number));
}

function variablesOf(pod: Pod, entry: string): unknown {
  const [name = '', variable] = entry.split('/');
  return (containerOf(pod, name)?.env ?? []).filter((env) => env.name === variable);
}

/** Whether two templates are the same but for lists, maps and texts that are empty here and absent there. */
export function isSameTemplate(a: Pod, b: Pod): boolean {
  return isSame(plain(a), plain(b));
}

/** Only where podscrape adds and takes out: elsewhere an empty map may mean something (`emptyDir`, a selector). */
function plain({ metadata, spec }: Pod): unknown {
  const container = (list: readonly Container[] | null | undefined): unknown =>
    list?.map(({ ports, env, ...rest }) => ({
      ...rest,
      ...filled({
        ports: ports?.map(({ name, ...port }) => ({ ...port, ...filled({ name }) })),
        env: env?.map(({ value, ...variable }) => ({ ...variable, ...filled({ value }) })),
      }),
    }));
  const { annotations, labels, ...others } = metadata ?? {};
  const { containers, initContainers, volumes, ...rest } = spec;
  return {
    metadata: { ...others, ...filled({ annotations, labels }) },
    spec: {
      ...rest,
      ...filled({ containers: container(containers), initContainers: container(initContainers), volumes }),
    },
  };
}

/** Without members that are absent, null or empty. */
function filled(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
