import assert from 'node:assert/strict';
import { it } from 'node:test';

import { parse } from 'yaml';

import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { RunResult } from './processes.ts';
import { asks, DETAIL, UNTOUCHED } from './workload-stage.ts';
import type { ProfileName } from './workload-stage.ts';
import type { AllSeen, Says, Template, WorkloadRow } from './workload-manifests.ts';
import { ROWS, each, manifests, nameOf, names, pathOf, see, templateIn } from './workload-manifests.ts';

/** A mode of `workloads`. */
export interface Mode {
  readonly plane: () => ControlPlane;
  /** Asserts what becomes of a template, untouched so far, under {@link asks}; nothing is asked without a profile. */
  readonly check: (template: Template, untouched: Template, profile?: ProfileName) => void;
  /** What a second client-side `kubectl apply` says of each workload. */
  readonly unchanged: RegExp;
}

export const where = (test: (row: WorkloadRow) => unknown): readonly WorkloadRow[] => ROWS.filter(test);
const RESTARTED = 'kubectl.kubernetes.io/restartedAt';

/** The life of the workloads of one namespace, under one way to apply them; each step begins where the last ended. */
export function itFollowsTheManifest(
  { plane, check, unchanged }: Mode,
  namespace: string,
  flags: readonly string[],
): void {
  const apply = (stdin: string): Promise<RunResult> =>
    plane().kubectl(['apply', '-n', namespace, ...flags, '-f', '-'], { stdin });
  const kubectl = (...args: string[]): Promise<RunResult> => plane().kubectl(['-n', namespace, ...args]);
  const seen = (): Promise<AllSeen> => see(plane(), namespace);
  const checkAll = async (
    now: AllSeen,
    rows: readonly WorkloadRow[],
    profile?: ProfileName,
  ): Promise<void> => {
    const untouched = await see(plane(), UNTOUCHED);
    for (const { kind } of rows)
      check(withoutRestart(now[kind]!.template), untouched[kind]!.template, profile);
  };

  it('a dry run shows the template and leaves nothing behind', async () => {
    const dry = ['apply', '-n', namespace, ...flags, '--dry-run=server', '-o', 'yaml', '-f', '-'];
    const { stdout } = await plane().kubectl(dry, { stdin: manifests(asks('statsd')) });
    const { items = [] } = parse(stdout) as KubeObject;
    const untouched = await see(plane(), UNTOUCHED);
    for (const [index, row] of ROWS.entries()) {
      check(templateIn(row, items[index]), untouched[row.kind]!.template, 'statsd');
      assert.equal((await plane().request('GET', pathOf(row, namespace, nameOf(row)))).status, 404, row.kind);
    }
  });

  it('applied: every template is as asked', async () => {
    await apply(manifests(asks('statsd')));
    await checkAll(await seen(), ROWS, 'statsd');
  });

  it('applied again, or shown as a difference: nothing to do', async () => {
    const before = await seen();
    const { stdout, stderr } = await apply(manifests(asks('statsd')));
    for (const line of stdout.trim().split('\n'))
      assert.match(line, flags.length > 0 ? / serverside-applied$/ : unchanged);
    assert.doesNotMatch(stderr, /conflict/i);
    await differsNowhere(plane(), namespace, flags, manifests(asks('statsd')));
    assert.deepEqual(await seen(), before);
  });

  it('an unrelated update leaves every template alone', async () => {
    const before = await seen();
    await kubectl('label', ...names(ROWS), 'team=a');
    await kubectl('annotate', ...names(ROWS), 'example.com/owner=b');
    // A Deployment has a new generation for each new annotation too.
    const { Deployment, ...annotated } = each(await seen(), 'generation');
    assert.deepEqual({ ...annotated, Deployment: Deployment! - 1 }, each(before, 'generation'));
    await changeUnrelated(plane(), namespace);
    const after = await seen();
    assert.deepEqual(each(after, 'template'), each(before, 'template'));
    assert.deepEqual(each(after, 'revisions'), each(before, 'revisions'));
    const next = Object.entries(annotated).map(([kind, generation]) => [kind, generation + 1]);
    assert.deepEqual(each(after, 'generation'), { ...Object.fromEntries(next), Deployment: Deployment! + 1 });
  });

  it('kubectl scale leaves every template alone', async () => {
    const before = await seen();
    await kubectl('scale', '--replicas=2', ...names(where(({ scales }) => scales)));
    const after = await seen();
    assert.deepEqual(each(after, 'template'), each(before, 'template'));
    assert.deepEqual(each(after, 'revisions'), each(before, 'revisions'));
  });

  it('kubectl rollout restart changes nothing but its own annotation, in one rollout', async () => {
    const before = await seen();
    const rows = where(({ restarts }) => restarts);
    await kubectl('rollout', 'restart', ...names(rows));
    const after = await seen();
    for (const { kind } of rows) {
      assert.notEqual(after[kind]?.template.metadata.annotations?.[RESTARTED], undefined);
      assert.deepEqual(withoutRestart(after[kind]!.template), before[kind]?.template);
      assert.equal(after[kind]?.revisions, before[kind]!.revisions + 1, kind);
    }
  });

  it('another value: the templates follow, in one rollout; a Job is left as it is', async () => {
    const before = await seen();
    await apply(manifests(asks('http')));
    const after = await seen();
    await checkAll(
      after,
      where(({ immutable }) => !immutable),
      'http',
    );
    assert.deepEqual(
      after['Job'],
      before['Job'] && { ...before['Job'], annotations: after['Job']?.annotations },
    );
    for (const { kind } of where(({ revisions }) => revisions))
      assert.equal(after[kind]?.revisions, before[kind]!.revisions + 1, kind);
    await differsNowhere(plane(), namespace, flags, manifests(asks('http')));
  });

  it('a request that moves into the template and back starts no rollout', async () => {
    const before = await seen();
    const { template, ...request } = asks('http');
    const moved: Says = {
      template: { ...request, annotations: { ...request.annotations, ...template?.annotations } },
    };
    const movable = where(({ immutable }) => !immutable);
    for (const says of [moved, asks('http')]) {
      const manifest = manifests(says, movable);
      await apply(manifest);
      const after = await seen();
      assert.deepEqual(each(after, 'template'), each(before, 'template'));
      assert.deepEqual(each(after, 'revisions'), each(before, 'revisions'));
      await differsNowhere(plane(), namespace, flags, manifest);
    }
  });

  it('no request: nothing of podscrape is left; a Job is left as it is', async () => {
    const before = await seen();
    const none = ({ immutable }: WorkloadRow): Says => (immutable ? { template: DETAIL } : {});
    await apply(manifests(none));
    const after = await seen();
    await checkAll(
      after,
      where(({ immutable }) => !immutable),
    );
    assert.deepEqual(after['Job']?.template, before['Job']?.template);
    for (const { kind, revisions } of ROWS) {
      const ours = Object.keys(after[kind]!.annotations).filter((key) => key.startsWith('podscrape.dev/'));
      if (kind !== 'Job') assert.deepEqual(ours, [], kind);
      if (revisions) assert.equal(after[kind]?.revisions, before[kind]!.revisions + 1, kind);
    }
    await differsNowhere(plane(), namespace, flags, manifests(none));
  });
}

/** A template without the annotation that restarts write. */
export function withoutRestart(template: Template): Template {
  const { annotations, ...metadata } = template.metadata;
  const rest = Object.entries(annotations ?? {}).filter(([key]) => key !== RESTARTED);
  const kept = rest.length > 0 ? { annotations: Object.fromEntries(rest) } : {};
  return { ...template, metadata: { ...kept, ...metadata } };
}

export async function differsNowhere(
  plane: ControlPlane,
  namespace: string,
  flags: readonly string[],
  stdin: string,
): Promise<void> {
  const diff = await plane.kubectl(['diff', '-n', namespace, ...flags, '-f', '-'], {
    stdin,
    allowFailure: true,
  });
  assert.deepEqual({ code: diff.code, stdout: diff.stdout }, { code: 0, stdout: '' });
}

/** An update of each workload's spec, past the template. */
export async function changeUnrelated(plane: ControlPlane, namespace: string): Promise<void> {
  await Promise.all(
    ROWS.map(async (row) => {
      const spec = row.unrelated;
      const { status } = await plane.request('PATCH', pathOf(row, namespace, nameOf(row)), { spec });
      assert.equal(status, 200, row.kind);
    }),
  );
}
