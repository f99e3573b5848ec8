import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { mirrored } from '../../src/config/image.ts';
import { endOf, portRange } from '../../src/config/values.ts';

suite('the end of an exemption', () => {
  const rows: [text: string, iso: string | undefined][] = [
    ['2027-01-31', '2027-02-01T00:00:00.000Z'],
    ['2028-02-29', '2028-03-01T00:00:00.000Z'],
    ['2027-12-31', '2028-01-01T00:00:00.000Z'],
    ['2027-01-31T12:00:00Z', '2027-01-31T12:00:00.000Z'],
    ['2027-01-31t12:00:00z', '2027-01-31T12:00:00.000Z'],
    ['2027-01-31T12:00:00.25+02:00', '2027-01-31T10:00:00.250Z'],
    ['2027-02-29', undefined],
    ['2027-13-01', undefined],
    ['2027-1-31', undefined],
    ['27-01-31', undefined],
    ['2027-02-30T12:00:00Z', undefined],
    ['2027-01-31T24:00:00Z', undefined],
    ['2027-01-31T12:60:00Z', undefined],
    ['2027-01-31T12:00:00', undefined],
    ['2027-01-31 12:00:00Z', undefined],
    ['2027-01-31T12:00:00+25:00', undefined],
    ['2027-01-31\n', undefined],
    ['tomorrow', undefined],
    ['', undefined],
  ];
  for (const [text, iso] of rows) {
    test(JSON.stringify(text), () => {
      const moment = endOf(text);
      assert.equal(moment === undefined ? undefined : new Date(moment).toISOString(), iso);
    });
  }
});

suite('a range of ports', () => {
  const rows: [value: unknown, range: ReturnType<typeof portRange>][] = [
    [8080, { from: 8080, to: 8080 }],
    ['8080', { from: 8080, to: 8080 }],
    ['1-65535', { from: 1, to: 65535 }],
    ['80-80', { from: 80, to: 80 }],
    ['81-80', undefined],
    [0, undefined],
    ['0-1', undefined],
    [65536, undefined],
    ['1-65536', undefined],
    [80.5, undefined],
    ['80-', undefined],
    [null, undefined],
  ];
  for (const [value, range] of rows) {
    test(JSON.stringify(value), () => assert.deepEqual(portRange(value), range));
  }
});

suite('an image from a mirror', () => {
  const rows: [image: string, mirrored: string][] = [
    ['quay.io/prometheus/statsd-exporter:v1', 'mirror.example.com/m/prometheus/statsd-exporter:v1'],
    ['registry:5000/statsd@sha256:ab', 'mirror.example.com/m/statsd@sha256:ab'],
    ['localhost/statsd', 'mirror.example.com/m/statsd'],
    ['oliver006/redis_exporter:v1', 'mirror.example.com/m/oliver006/redis_exporter:v1'],
    ['redis:7.2', 'mirror.example.com/m/library/redis:7.2'],
    ['mirror.example.com/m/statsd:v1', 'mirror.example.com/m/statsd:v1'],
    ['mirror.example.com/more/statsd:v1', 'mirror.example.com/m/more/statsd:v1'],
  ];
  for (const [image, expected] of rows) {
    test(image, () => assert.equal(mirrored(image, 'mirror.example.com/m'), expected));
  }
});
