import { parseAllDocuments } from 'yaml';

import { pageText } from '../docs/sessions.ts';
import type { Manifest } from './gitops-reconcilers.ts';
import { nameOf } from './gitops-reconcilers.ts';

interface Ignored {
  readonly kind: string;
  readonly jsonPointers?: readonly string[];
  readonly jqPathExpressions?: readonly string[];
}

/** The form of the page's jq expressions: the value of a variable, in any container. */
const VARIABLE =
  /^\.spec\.template\.spec\.containers\[\]\.env\[\]\? \| select\(\.name == "(\w+)"\) \| \.value$/;

/** What docs/gitops.md tells Argo CD to ignore. Argo runs jq; here is what the page's expressions come to. */
const IGNORED: readonly Ignored[] = [
  ...pageText('docs/gitops.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
].flatMap(([, text = '']) =>
  parseAllDocuments(text).flatMap((document) => {
    const { kind, spec } = document.toJS() as { kind?: string; spec?: { ignoreDifferences?: Ignored[] } };
    return kind === 'Application' ? (spec?.ignoreDifferences ?? []) : [];
  }),
);

/** Whether the page has a difference ignored: `Kind/name /pointer`. */
export function isIgnored(line: string, git: readonly Manifest[]): boolean {
  const [name = '', pointer = ''] = line.split(' ');
  const [kind] = name.split('/');
  return IGNORED.filter((one) => one.kind === kind).some(
    ({ jsonPointers = [], jqPathExpressions = [] }) =>
      jsonPointers.includes(pointer) ||
      jqPathExpressions.some((expression) => {
        const [, variable] = VARIABLE.exec(expression) ?? [];
        if (variable === undefined) throw new Error(`docs/gitops.md: ${expression} has another form`);
        const [, index, at] = /containers\/(\d+)\/env\/(\d+)\/value$/.exec(pointer) ?? [];
        const object = git.find((one) => nameOf(one) === name);
        const { template } = (object?.spec ?? {}) as { template?: Template };
        return template?.spec.containers[Number(index)]?.env?.[Number(at)]?.name === variable;
      }),
  );
}

interface Template {
  readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string }[] }[] };
}
