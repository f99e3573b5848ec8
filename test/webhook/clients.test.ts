import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alternativeNames } from '../../src/webhook/clients.ts';

for (const [text, names] of [
  ['', []],
  ['DNS:kube-apiserver', ['kube-apiserver']],
  ['DNS:a.example.com, IP Address:10.0.0.1, URI:spiffe://x/y', ['a.example.com', '10.0.0.1', 'spiffe://x/y']],
  // CVE-2021-44532: a name with a comma in it is one name, and Node quotes it.
  ['DNS:"a, DNS:kube-apiserver, DNS:b"', ['"a, DNS:kube-apiserver, DNS:b"']],
  ['DNS:"\\", DNS:kube-apiserver", DNS:c', ['"\\", DNS:kube-apiserver"', 'c']],
] as const) {
  test(`alternative names of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(alternativeNames(text), names);
  });
}
