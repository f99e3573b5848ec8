import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { skipped } from '../../src/core/decision.ts';
import { WARNING_LENGTH } from '../../src/core/text.ts';
import { AUDIT_ANNOTATIONS } from '../../src/webhook/audit-annotations.ts';
import {
  WARNINGS_LENGTH,
  allowed,
  allowedWithPatch,
  allowedWithWarnings,
  auditOf,
  denied,
  encodePatch,
  limitWarnings,
} from '../../src/webhook/response.ts';

test('allowed says only that', () => {
  assert.deepEqual(allowed('u'), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: true },
  });
});

test('allowed with a patch', () => {
  const { base64, bytes } = encodePatch([{ op: 'add', path: '/metadata/labels', value: 'é' }]);
  const { response } = allowedWithPatch('u', base64, ['careful'], { outcome: 'injected' });
  const patch = Buffer.from(response.patch ?? '', 'base64');
  assert.equal(patch.toString(), '[{"op":"add","path":"/metadata/labels","value":"é"}]');
  assert.equal(patch.length, bytes);
  assert.deepEqual(response, {
    uid: 'u',
    allowed: true,
    patchType: 'JSONPatch',
    patch: base64,
    warnings: ['careful'],
    auditAnnotations: { outcome: 'injected' },
  });
});

test('allowed with warnings has no patch', () => {
  assert.deepEqual(allowedWithWarnings('u', ['careful']).response, {
    uid: 'u',
    allowed: true,
    warnings: ['careful'],
  });
});

test('denied is 403 with the reason', () => {
  assert.deepEqual(denied('u', 'no\nway').response, {
    uid: 'u',
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: 'no way' },
  });
});

test('audit annotations name the kinds of problems, and quote none of them', () => {
  const problem = { code: 'bad-value', path: 'podscrape.dev/port', message: 'is "s3cret"' } as const;
  const { outcome, reason, ...rest } = auditOf(skipped('no-request', [problem, problem]));
  assert.deepEqual([outcome, reason, rest.problems], ['skipped', 'no-request', 'bad-value']);
  assert.doesNotMatch(JSON.stringify(rest), /s3cret|podscrape.dev/);
});

test('audit annotations have keys that the API server takes after the name of the webhook', () => {
  // IsQualifiedName of k8s.io/apimachinery, which AddAnnotation of k8s.io/apiserver asks for.
  for (const key of Object.keys(AUDIT_ANNOTATIONS)) assert.match(key, /^[a-z]{1,63}$/);
});

test('audit annotations are clipped, one line, and left out when empty', () => {
  const { auditAnnotations } = allowed('u', {
    targets: 'a:1,'.repeat(200),
    profiles: '',
    reason: 'a\u0000b',
  }).response;
  assert.deepEqual(Object.keys(auditAnnotations ?? {}), ['targets', 'reason']);
  assert.equal(auditAnnotations?.['targets']?.length, 256);
  assert.equal(auditAnnotations['reason'], 'a b');
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom('\n', '\u0000', '\u0085', '😀', 'a'),
  ),
  maxLength: 300,
  size: 'max',
});
const total = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0);

test('whatever the warnings, the apiserver takes them', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 60, size: 'max' }), (texts) => {
      const warnings = limitWarnings(texts);
      for (const warning of warnings) {
        assert.ok(warning.length <= WARNING_LENGTH, 'length');
        assert.doesNotMatch(warning, /\p{Cc}/u);
        assert.ok(warning.isWellFormed(), 'whole characters');
        assert.notEqual(warning.trim(), '');
      }
      assert.ok(total(warnings) <= WARNINGS_LENGTH, 'all together');
    }),
  );
});

test('no warning goes without being counted', () => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 120, size: 'max' });
  fc.assert(
    fc.property(fc.array(words, { maxLength: 80, size: 'max' }), (texts) => {
      const warnings = limitWarnings(texts);
      const left = /^and (\d+) more$/.exec(warnings.at(-1) ?? '')?.[1];
      if (left === undefined) assert.deepEqual(warnings, texts);
      else {
        assert.ok(total(texts) > WARNINGS_LENGTH, 'nothing is left out without need');
        assert.deepEqual(warnings.slice(0, -1), texts.slice(0, texts.length - Number(left)));
      }
    }),
  );
});

test('exactly 3,000 characters are all there, one more is not', () => {
  const full = Array.from({ length: 25 }, () => 'x'.repeat(120));
  assert.deepEqual(limitWarnings(full), full);
  assert.equal(limitWarnings([...full, 'x']).at(-1), 'and 2 more');
});
