import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import { communityPrefixes } from '../community.ts';
import { writtenPrefixes } from '../dialects.ts';
import type { EngineConfig } from '../engine-config.ts';
import type { Pod } from '../kubernetes.ts';
import type { Patch } from '../patch.ts';
import { SelfCheckError } from '../patch.ts';
import { own } from '../pod.ts';
import { escaped, segments, valueAt } from '../pointer.ts';
import {
  ANNOTATION_BYTES,
  annotationBytes,
  isAllowed,
  memberwise,
  podFault,
  resultFault,
} from '../self-check.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import type { WorkloadAdmission } from './admit.ts';
import { isSameTemplate, withoutInjection, withoutOldInjection } from './bare.ts';
import type { Form, Keys } from './hoist.ts';
import { hoistedBefore, hoistedKey, isRequestKey, parseHoisted, withoutHoisted } from './hoist.ts';
import type { Claims } from './manifest.ts';
import { claimsOf } from './manifest.ts';
import type { Workload } from './workload.ts';
import { asWorkload, pointerOf, templateOf } from './workload.ts';

/**
 * The JSON Patch that turns the workload of an admission into `after`, checked before it leaves as a Pod's is. What
 * only adds to the template passes one by one. Taking an earlier injection out of it, by an update alone, may rewrite
 * its lists; then the check is that the template as its owner wrote it stays what it was.
 *
 * @param after what `admitWorkload` made of the admission
 * @throws SelfCheckError when the patch does not apply, takes something of the owner's or breaks the template
 */
export function makeWorkloadPatch(admission: WorkloadAdmission, after: unknown, config: EngineConfig): Patch {
  const { object, kind } = admission;
  if (object === after) return [];
  const before = asWorkload(object, kind);
  const result = asWorkload(after, kind);
  if (before === undefined || result === undefined) throw new SelfCheckError('the workload lost its shape');
  const old = admission.operation === 'UPDATE' ? asWorkload(admission.oldObject, kind) : undefined;
  const check = new Check(kind, before, result, old, config);
  const patch = withWholeLists(fastJsonPatch.compare(before, result), result, kind, check);
  const fault = check.fault(patch);
  if (fault !== undefined) throw new SelfCheckError(fault);
  return patch;
}

/** What is below, in a template: its owner's lists, in which podscrape's own stand. */
const LIST = /^\/spec\/(?:containers|initContainers|volumes)(?=\/)/;
const REWRITABLE = /^\/(?:metadata|spec\/(?:containers|initContainers|volumes))(?:\/|$)/;

/**
 * A list that loses an element in its middle is compared index by index, which rewrites every element after it to the
 * bottom: such a list is replaced as a whole.
 */
function withWholeLists(patch: Patch, after: Workload, kind: WorkloadKind, check: Check): Patch {
  const root = pointerOf(kind.template);
  const listOf = ({ path }: Operation): string | undefined => {
    const [list] = (path.startsWith(`${root}/`) ? LIST.exec(path.slice(root.length)) : null) ?? [];
    return list === undefined ? undefined : `${root}${list}`;
  };
  const rewrites = patch.filter((operation) => operation.op !== 'remove' && !check.isPlain(operation));
  const lists = [...new Set(rewrites.flatMap((operation) => listOf(operation) ?? []))];
  const rest = patch.filter((operation) => !lists.includes(listOf(operation) ?? ''));
  return [...rest, ...lists.map((path): Operation => ({ op: 'replace', path, value: valueAt(after, path) }))];
}

/** The check of one patch. */
class Check {
  readonly #root: string;
  readonly #before: Workload;
  readonly #after: Workload;
  readonly #templates: { readonly before: Pod; readonly after: Pod; readonly old: Pod | undefined };
  readonly #record: Keys;
  readonly #claims: Claims;
  readonly #config: EngineConfig;

  constructor(
    kind: WorkloadKind,
    before: Workload,
    after: Workload,
    old: Workload | undefined,
    config: EngineConfig,
  ) {
    this.#root = pointerOf(kind.template);
    this.#before = before;
    this.#after = after;
    this.#templates = {
      before: templateOf(before, kind),
      after: templateOf(after, kind),
      old: old === undefined ? undefined : templateOf(old, kind),
    };
    this.#record = hoistedBefore(before, old, kind, config.annotationPrefix);
    this.#claims = claimsOf(before, old, kind);
    this.#config = config;
  }

  /** What is wrong with the patch, or undefined when it may be sent. */
  fault(patch: Patch): string | undefined {
    const special = patch.filter((operation) => !this.isPlain(operation));
    const forbidden = special.find(({ path }) => !REWRITABLE.test(this.#inTemplate(path) ?? ''));
    if (forbidden !== undefined) return `operation ${forbidden.op} ${forbidden.path} is not podscrape's`;
    const [first] = special;
    if (first !== undefined && !this.#keepsOwners())
      return `operation ${first.op} ${first.path} takes something of the owner's`;
    if (annotationBytes(this.#after) > Math.max(ANNOTATION_BYTES, annotationBytes(this.#before)))
      return 'the annotations exceed 256 KiB';
    const { before, after } = this.#templates;
    return podFault(before, after) ?? resultFault(this.#before, patch, this.#after);
  }

  /** Whether the operation is allowed by itself: an addition, the record, or a key that was hoisted. */
  isPlain(operation: Operation): boolean {
    const path = this.#inTemplate(operation.path);
    if (path === undefined) return this.#isRecord(operation);
    const { before } = this.#templates;
    return memberwise(before, { ...operation, path }).every(
      (each) => this.#isHoisting(each) || isAllowed(before, each, this.#writable()),
    );
  }

  #inTemplate(path: string): string | undefined {
    return path.startsWith(`${this.#root}/`) ? path.slice(this.#root.length) : undefined;
  }

  #writable(): Parameters<typeof isAllowed>[2] {
    const dialects = [...communityPrefixes(this.#config), ...writtenPrefixes(this.#config)];
    return { prefix: this.#config.annotationPrefix, dialects };
  }

  #isRecord(operation: Operation): boolean {
    const record = `/metadata/annotations/${escaped(hoistedKey(this.#config))}`;
    const { metadata } = this.#before;
    const members = memberwise({ metadata: metadata ?? null, spec: { containers: [] } }, operation);
    return members.every(({ path }) => path === record);
  }

  #isHoisting({ op, path }: Operation): boolean {
    const [, form = '', key = '', ...below] = segments(path);
    const isMember = /^\/metadata\/(?:annotations|labels)\//.test(path) && below.length === 0;
    if (!isMember || !isRequestKey(key, this.#config.annotationPrefix)) return false;
    const old = own(this.#templates.before.metadata?.[form as Form], key);
    return op === 'add' ? old === undefined : old === own(this.#record[form as Form], key);
  }

  /** Whether the owner's part of the template is after the patch what it was before. */
  #keepsOwners(): boolean {
    const { before, after, old } = this.#templates;
    if (old === undefined) return false;
    const { annotationPrefix } = this.#config;
    const text = own(this.#after.metadata?.annotations, hoistedKey(this.#config));
    return isSameTemplate(
      unhoisted(withoutOldInjection(before, old, this.#claims, this.#config), this.#record),
      unhoisted(withoutInjection(after, this.#config), parseHoisted(text, annotationPrefix)),
    );
  }
}

function unhoisted(template: Pod, record: Keys): Pod {
  const { metadata } = template;
  const annotations = withoutHoisted(template, 'annotations', record);
  const labels = withoutHoisted(template, 'labels', record);
  return { ...template, metadata: { ...metadata, annotations, labels } };
}
