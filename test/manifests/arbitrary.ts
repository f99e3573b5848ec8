import fc from 'fast-check';
import { Document, isMap, isScalar, isSeq, visit } from 'yaml';

import { pods } from '../core/arbitrary.ts';

/** Objects of the kinds that carry a Pod, as somebody might write them. */
export const objects: fc.Arbitrary<unknown> = fc
  .tuple(
    pods,
    fc.constantFrom('Pod', 'Deployment', 'Job', 'CronJob', 'List', 'PodList', 'DeploymentList'),
    fc.boolean(),
  )
  .map(([pod, kind, asksOnMetadata]) =>
    wrapped(JSON.parse(JSON.stringify(pod)) as PodLike, kind, asksOnMetadata),
  );

interface PodLike {
  readonly metadata?: unknown;
  readonly spec?: unknown;
}

function wrapped({ metadata, spec }: PodLike, kind: string, asksOnMetadata: boolean): unknown {
  const pod = { apiVersion: 'v1', kind: 'Pod', ...(metadata === undefined ? {} : { metadata }), spec };
  const template = { ...(metadata === undefined ? {} : { metadata }), spec };
  const asked = asksOnMetadata
    ? { annotations: { 'podscrape.dev/profile': 'gunicorn', team: 'a' } }
    : { annotations: null };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...asked },
    spec: { template },
  };
  switch (kind) {
    case 'Deployment':
      return deployment;
    case 'Job':
      return {
        apiVersion: 'batch/v1',
        kind,
        metadata: { labels: { 'podscrape.dev/profile': 'http' } },
        spec: { template },
      };
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind,
        metadata: { name: 'c' },
        spec: { jobTemplate: { metadata: asked, spec: { template } }, big: 9007199254740993n },
      };
    case 'List':
      return { apiVersion: 'v1', kind, items: [pod, { kind: 'Service', spec: {} }, deployment] };
    case 'PodList':
      return { apiVersion: 'v1', kind, metadata: {}, items: [template, pod] };
    case 'DeploymentList':
      return { apiVersion: 'apps/v1', kind, items: [{ metadata: { name: 'a' }, spec: { template } }] };
    default:
      return pod;
  }
}

/** One object written down in YAML, each part of it in a style of its own. */
export const manifests: fc.Arbitrary<string> = fc
  .record({
    object: objects,
    choices: fc.infiniteStream(fc.nat(999)),
    indent: fc.constantFrom(2, 4, 3),
    indentSeq: fc.boolean(),
    crlf: fc.boolean(),
    end: fc.constantFrom('\n', '', '\n\n', '\n# end\n', '\n...\n', '  \n'),
    begin: fc.constantFrom('', '---\n', '# first\n\n', '\uFEFF', '--- # a\n', '%YAML 1.1\n---\n'),
  })
  .map(({ object, choices, indent, indentSeq, crlf, begin, end }) => {
    const next = (): number => (choices.next().value as number | undefined) ?? 0;
    const document = new Document(object, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
    visit(document, {
      Node: (key, node) => {
        if (next() < 60) node.commentBefore = ' before';
        if (isScalar(node)) restyle(node, next());
        if ((isMap(node) || isSeq(node)) && next() < 60) node.flow = true;
        if (next() < 30 && key !== 'key') node.comment = ' behind';
        if (next() < 30) node.spaceBefore = true;
        if (next() < 20 && (isMap(node) || isScalar(node))) node.anchor = `a${next()}`;
      },
    });
    const text = `${begin}${document.toString({ indent, indentSeq, lineWidth: next() < 500 ? 0 : 40 }).trimEnd()}${end}`;
    return crlf ? text.replaceAll('\n', '\r\n') : text;
  });

function restyle(scalar: { type?: string; value: unknown }, choice: number): void {
  if (typeof scalar.value !== 'string') return;
  if (choice < 100) scalar.type = 'QUOTE_SINGLE';
  else if (choice < 200) scalar.type = 'QUOTE_DOUBLE';
  else if (choice < 250) scalar.type = 'BLOCK_LITERAL';
  else if (choice < 300) scalar.type = 'BLOCK_FOLDED';
}
