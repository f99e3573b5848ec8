import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigFile } from '../../../src/config/schema.ts';
import { SelfCheckError } from '../../../src/core/patch.ts';
import { WORKLOAD_KINDS } from '../../../src/core/workload-kinds.ts';
import type { WorkloadAdmission } from '../../../src/core/workloads/admit.ts';
import { admitWorkload } from '../../../src/core/workloads/admit.ts';
import { makeWorkloadPatch } from '../../../src/core/workloads/patch.ts';
import { engineConfig } from '../support.ts';

const kind = WORKLOAD_KINDS.find((row) => row.kind === 'Deployment')!;
const where = { namespace: 'team-a', trigger: 'unknown' } as const;
const inject: ConfigFile = { workloads: 'inject' };

interface Deployment {
  metadata: { name: string; labels?: Record<string, string>; annotations: Record<string, string> };
  spec: { replicas: number; template: Template };
}

interface Template {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    serviceAccountName?: string;
    containers: { name: string; image?: string; volumeMounts?: object[]; args?: string[] }[];
    volumes?: object[];
  };
}

const asked: Deployment = {
  metadata: { name: 'shop', annotations: { team: 'a', 'podscrape.dev/profile': 'statsd' } },
  spec: {
    replicas: 1,
    template: {
      metadata: { labels: { app: 'shop' }, annotations: { team: 'a', 'podscrape.dev/path': '/x' } },
      spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
    },
  },
};

function created(object: Deployment): WorkloadAdmission {
  return { kind, operation: 'CREATE', object, oldObject: null };
}

function admitted(admission: WorkloadAdmission, file: ConfigFile): Deployment {
  return JSON.parse(JSON.stringify(admitWorkload(admission, where, engineConfig(file)).object)) as Deployment;
}

function changed(object: Deployment, change: (copy: Deployment) => void): Deployment {
  const copy = structuredClone(object);
  change(copy);
  return copy;
}

/** The request taken off a Deployment whose template is injected: everything of podscrape's goes, by an update. */
function takenOff(): WorkloadAdmission {
  const stored = admitted(created(asked), inject);
  const silent = changed(stored, ({ metadata }) =>
    Reflect.deleteProperty(metadata.annotations, 'podscrape.dev/profile'),
  );
  return { kind, operation: 'UPDATE', object: silent, oldObject: stored };
}

/** A bug in the engine would look like one of these: the result is wrong in one way. */
const faults: readonly (readonly [what: string, change: (copy: Deployment) => unknown, message: RegExp])[] = [
  ['replicas', ({ spec }) => (spec.replicas = 2), /replace \/spec\/replicas is not podscrape's/],
  [
    'a label of the workload',
    ({ metadata }) => (metadata.labels = { a: 'b' }),
    /add \/metadata\/labels is not/,
  ],
  [
    'an annotation of the workload',
    ({ metadata }) => (metadata.annotations['team'] = 'b'),
    /annotations\/team is not/,
  ],
  [
    'the request on the workload',
    ({ metadata }) => (metadata.annotations['podscrape.dev/port'] = '1'),
    /podscrape.dev~1port is not/,
  ],
  [
    'a label of the template',
    ({ spec }) => (spec.template.metadata.labels = { app: 'shop', a: 'b' }),
    /takes something of the owner's|is not podscrape's/,
  ],
  [
    'an annotation of the template',
    ({ spec }) => (spec.template.metadata.annotations!['team'] = 'b'),
    /takes something of the owner's/,
  ],
  [
    'the request in the template',
    ({ spec }) => Reflect.deleteProperty(spec.template.metadata.annotations!, 'podscrape.dev/path'),
    /takes something of the owner's/,
  ],
  [
    'the image',
    ({ spec }) => (spec.template.spec.containers[0]!.image = 'evil'),
    /takes something of the owner's/,
  ],
  [
    'the service account',
    ({ spec }) => (spec.template.spec.serviceAccountName = 'root'),
    /serviceAccountName is not/,
  ],
  [
    'a volume that is missing',
    ({ spec }) => spec.template.spec.containers.push({ name: 'extra', volumeMounts: [{ name: 'gone' }] }),
    /takes something|volume is missing/,
  ],
];

describe('a workload patch that must not be sent', () => {
  for (const operation of ['CREATE', 'UPDATE'] as const) {
    for (const [what, change, message] of faults) {
      it(`${operation}: ${what}`, () => {
        const admission = operation === 'CREATE' ? created(asked) : takenOff();
        const after = changed(admitted(admission, inject), change);
        assert.throws(
          () => makeWorkloadPatch(admission, after, engineConfig(inject)),
          (error) => error instanceof SelfCheckError && message.test(error.message),
        );
      });
    }
  }

  it('taking an injection out on creation', () => {
    const update = takenOff();
    const admission = created(update.object as Deployment);
    const after = admitted(update, inject);
    assert.throws(() => makeWorkloadPatch(admission, after, engineConfig(inject)), SelfCheckError);
  });

  it('taking out what no record tells of', () => {
    const own = changed(asked, ({ spec }) => {
      spec.template.spec.containers.push({ name: 'statsd-exporter', image: 'example.com/own:1' });
    });
    const admission: WorkloadAdmission = { kind, operation: 'UPDATE', object: own, oldObject: own };
    assert.throws(
      () => makeWorkloadPatch(admission, asked, engineConfig(inject)),
      /takes something of the owner's/,
    );
  });

  it('a hoisted key that no record tells of', () => {
    const admission = created(
      changed(asked, ({ spec }) => {
        spec.template.metadata.annotations!['podscrape.dev/profile'] = 'http';
      }),
    );
    const after = changed(admission.object as Deployment, ({ spec }) => {
      spec.template.metadata.annotations!['podscrape.dev/profile'] = 'statsd';
    });
    assert.throws(() => makeWorkloadPatch(admission, after, engineConfig()), SelfCheckError);
  });

  it('a result that is no workload', () => {
    assert.throws(() => makeWorkloadPatch(created(asked), {}, engineConfig()), /lost its shape/);
  });

  it('annotations of the workload above 256 KiB', () => {
    const after = changed(asked, ({ metadata }) => {
      metadata.annotations['podscrape.dev/hoisted'] = 'x'.repeat(262_144);
    });
    assert.throws(() => makeWorkloadPatch(created(asked), after, engineConfig()), /256 KiB/);
  });
});

describe('a workload too large to hoist into', () => {
  const mapping = { 'podscrape.dev/statsd-mapping': `# ${'x'.repeat(16_000)}` };
  const cases: Readonly<Record<string, (copy: Deployment) => unknown>> = {
    'the record beside the request': ({ metadata }) => (metadata.annotations['big'] = 'y'.repeat(240_000)),
    'the template': ({ spec }) => (spec.template.metadata.annotations!['big'] = 'y'.repeat(250_000)),
  };
  for (const [what, change] of Object.entries(cases)) {
    it(`is left alone: ${what}`, () => {
      const object = changed(asked, (copy) => {
        Object.assign(copy.metadata.annotations, mapping);
        change(copy);
      });
      const { decision, object: after } = admitWorkload(created(object), where, engineConfig());
      assert.equal(decision.reason, 'too-large');
      assert.equal(after, object);
    });
  }
});

describe('a workload patch that may be sent', () => {
  it('is empty for the same object', () => {
    const update = takenOff();
    assert.deepEqual(makeWorkloadPatch(update, update.object, engineConfig(inject)), []);
  });

  it('leaves annotations that are too large already to the apiserver', () => {
    const large = changed(asked, ({ metadata, spec }) => {
      const request = metadata.annotations;
      metadata.annotations = { large: 'x'.repeat(262_144) };
      spec.template.metadata = { annotations: request };
    });
    const patch = makeWorkloadPatch(created(large), admitted(created(large), inject), engineConfig(inject));
    assert.ok(patch.length > 0);
  });

  it('takes an injection out by an update, element by element', () => {
    const update = takenOff();
    const patch = makeWorkloadPatch(update, admitted(update, inject), engineConfig(inject));
    assert.deepEqual(
      patch.filter(({ path }) => path.includes('/spec/template/spec')).map(({ op, path }) => `${op} ${path}`),
      [
        'remove /spec/template/spec/volumes',
        'remove /spec/template/spec/containers/1',
        'remove /spec/template/spec/containers/0/env',
      ],
    );
  });

  it('replaces a list as a whole that loses an element in its middle', () => {
    const update = takenOff();
    const object = changed(update.object as Deployment, ({ spec }) => {
      spec.template.spec.containers.push({ name: 'side', image: 'example.com/side:1' });
    });
    const patch = makeWorkloadPatch(
      { ...update, object },
      admitted({ ...update, object }, inject),
      engineConfig(inject),
    );
    assert.deepEqual(
      patch.filter(({ path }) => path.includes('containers')).map(({ op, path }) => `${op} ${path}`),
      ['replace /spec/template/spec/containers'],
    );
  });
});
