import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import type { ConfigFile } from '../../../src/config/schema.ts';
import type { ObjectMeta, Pod } from '../../../src/core/kubernetes.ts';
import { WORKLOAD_KINDS } from '../../../src/core/workload-kinds.ts';
import type { WorkloadKind } from '../../../src/core/workload-kinds.ts';
import type { WorkloadAdmission } from '../../../src/core/workloads/admit.ts';
import { admitWorkload } from '../../../src/core/workloads/admit.ts';
import { isSameTemplate } from '../../../src/core/workloads/bare.ts';
import { isRequestKey } from '../../../src/core/workloads/hoist.ts';
import { makeWorkloadPatch } from '../../../src/core/workloads/patch.ts';
import { asWorkload, below, templateOf, withTemplate } from '../../../src/core/workloads/workload.ts';
import { configurations, pods, surroundings } from '../arbitrary.ts';
import { engineConfig } from '../support.ts';

const runs = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20261121),
};
const PREFIX = 'podscrape.dev';
const RECORDS = [`${PREFIX}/status`, `${PREFIX}/hoisted`];

interface Subject {
  readonly kind: WorkloadKind;
  readonly object: object;
}

/** A workload of any kind with a generated Pod as its template, and another one's metadata as its own. */
const workloads: fc.Arbitrary<Subject> = fc
  .record({ kind: fc.constantFrom(...WORKLOAD_KINDS), own: pods, inner: pods, template: pods })
  .map(({ kind, own, inner, template }) => {
    const { metadata, spec } = template;
    const places = [
      ['metadata', without(own.metadata, RECORDS)],
      ...kind.metadata.map((path) => [path, without(inner.metadata, RECORDS)] as const),
      [kind.template, { metadata: without(metadata, RECORDS), spec }],
    ] as const;
    const object = {};
    for (const [path, value] of places) put(object, path.split('.'), value);
    return { kind, object };
  });

const modes = fc
  .record({ file: configurations, workloads: fc.constantFrom('hoist' as const, 'inject' as const) })
  .map(({ file, workloads: mode }): ConfigFile => ({ ...file, workloads: mode }));

function put(object: object, [key = '', ...rest]: readonly string[], value: unknown): void {
  const map = object as Record<string, object>;
  if (rest.length === 0) Object.defineProperty(map, key, { value, enumerable: true, writable: true });
  else put((map[key] ??= {}), rest, value);
}

/** The metadata without some annotations. */
function without(metadata: ObjectMeta | null | undefined, keys: readonly string[]): ObjectMeta {
  const entries = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !keys.includes(key));
  return { ...metadata, annotations: Object.fromEntries(entries) };
}

function updated({ kind }: Subject, oldObject: unknown, object: unknown): WorkloadAdmission {
  return { kind, operation: 'UPDATE', object, oldObject };
}

function created({ kind, object }: Subject): WorkloadAdmission {
  return { kind, operation: 'CREATE', object, oldObject: null };
}

function template(object: unknown, { kind }: Subject): Pod {
  const workload = asWorkload(object, kind);
  assert.ok(workload !== undefined);
  return templateOf(workload, kind);
}

/** The object without the template and without the record of what was hoisted. */
function outside(object: object, { kind }: Subject): unknown {
  const copy = JSON.parse(JSON.stringify(object)) as object;
  put(copy, kind.template.split('.'), null);
  const annotations = below(copy, 'metadata.annotations') as Record<string, string>;
  Reflect.deleteProperty(annotations, `${PREFIX}/hoisted`);
  return copy;
}

/** The object with no request on any metadata but the template's. */
function silenced(object: object, { kind }: Subject): object {
  const copy = JSON.parse(JSON.stringify(object)) as object;
  for (const path of ['metadata', ...kind.metadata]) {
    for (const form of ['annotations', 'labels']) {
      const map = (below(copy, `${path}.${form}`) ?? {}) as Record<string, string>;
      for (const key of Object.keys(map)) if (isRequestKey(key, PREFIX)) Reflect.deleteProperty(map, key);
    }
  }
  return copy;
}

/** The object with another image in its first container, and another container before it. */
function rebuilt(object: unknown, subject: Subject): unknown {
  const pod = template(object, subject);
  const containers = pod.spec.containers.map((container, index) =>
    index === 0 ? { ...container, image: 'example.com/web:2' } : container,
  );
  const spec = { ...pod.spec, containers: [{ name: 'other', image: 'example.com/other:1' }, ...containers] };
  return withTemplate(object as object, subject.kind, { ...pod, spec });
}

describe('for every workload', () => {
  it('what is created passes the check of its patch, and a second pass changes nothing', () => {
    fc.assert(
      fc.property(workloads, surroundings, modes, (subject, where, file) => {
        const config = engineConfig(file);
        const admission = created(subject);
        const { object } = admitWorkload(admission, where, config);
        const patch = makeWorkloadPatch(admission, object, config);
        const copy = JSON.parse(JSON.stringify([subject.object, patch])) as [
          object,
          fastJsonPatch.Operation[],
        ];
        assert.deepEqual(
          fastJsonPatch.applyPatch(copy[0], copy[1], true).newDocument,
          JSON.parse(JSON.stringify(object)),
        );
        const again = { ...admission, object };
        assert.deepEqual(makeWorkloadPatch(again, admitWorkload(again, where, config).object, config), []);
      }),
      runs,
    );
  });

  it('an update that changes nothing is left alone, whatever the configuration', () => {
    fc.assert(
      fc.property(workloads, surroundings, modes, modes, (subject, where, before, after) => {
        const { object } = admitWorkload(created(subject), where, engineConfig(before));
        const config = { ...engineConfig(after), hash: 'new' };
        const { decision, object: result } = admitWorkload(updated(subject, object, object), where, config);
        assert.equal(result, object);
        assert.deepEqual(decision.problems, []);
      }),
      runs,
    );
  });

  it('nothing changes but the template and the record of what was hoisted', () => {
    fc.assert(
      fc.property(workloads, surroundings, modes, (subject, where, file) => {
        const config = engineConfig(file);
        const given = JSON.stringify(subject.object);
        const { object } = admitWorkload(created(subject), where, config);
        assert.deepEqual(outside(object as object, subject), outside(subject.object, subject));
        const next = updated(subject, object, silenced(object as object, subject));
        const { object: last } = admitWorkload(next, where, config);
        assert.deepEqual(outside(last as object, subject), outside(next.object as object, subject));
        assert.equal(JSON.stringify(subject.object), given);
      }),
      runs,
    );
  });

  it('taking the request off again gives the template back', () => {
    fc.assert(
      fc.property(workloads, surroundings, modes, (subject, where, file) => {
        fc.pre(!subject.kind.immutableTemplate);
        const config = engineConfig(file);
        fc.pre(config.defaultProfile === undefined);
        const plain = { ...subject, object: withoutRequest(subject) };
        const { object } = admitWorkload(created(plain), where, config);
        fc.pre(object !== plain.object);
        const without = silenced(object as object, plain);
        // Where a namespace or a policy asks for its Pods there is nothing to take off, and so no update.
        fc.pre(JSON.stringify(without) !== JSON.stringify(object));
        const update = updated(plain, object, without);
        const { object: result } = admitWorkload(update, where, { ...config, workloads: 'hoist' });
        makeWorkloadPatch(update, result, config);
        assert.ok(isSameTemplate(template(result, plain), template(plain.object, plain)));
      }),
      runs,
    );
  });

  it('an update of the template passes the check of its patch, and a second pass changes nothing', () => {
    fc.assert(
      fc.property(workloads, surroundings, modes, modes, (subject, where, before, after) => {
        fc.pre(!subject.kind.immutableTemplate);
        const { object } = admitWorkload(created(subject), where, { ...engineConfig(before), hash: 'old' });
        const config = engineConfig(after);
        for (const source of [object, subject.object]) {
          const update = updated(subject, object, rebuilt(source, subject));
          const { object: result } = admitWorkload(update, where, config);
          makeWorkloadPatch(update, result, config);
          const again = { ...update, object: result };
          assert.deepEqual(makeWorkloadPatch(again, admitWorkload(again, where, config).object, config), []);
        }
      }),
      runs,
    );
  });
});

/** The object with a template that asks for nothing itself. */
function withoutRequest(subject: Subject): object {
  const pod = template(subject.object, subject);
  const metadata = { ...pod.metadata, annotations: {}, labels: {} };
  return withTemplate(subject.object, subject.kind, { ...pod, metadata });
}
