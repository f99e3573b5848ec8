import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/telemetry/log.ts';

function logged(level: 'trace' | 'warn', write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  write(createLog({ level, destination: { write: (line) => lines.push(line) } }));
  return lines;
}

test('a line is one JSON object with an ISO time, the level as a word and nothing about the process', () => {
  const [line, ...more] = logged('trace', (log) => log.info({ uid: 'a' }, 'decision'));
  assert.deepEqual(more, []);
  const { time, ...rest } = JSON.parse(line ?? '') as { time: string };
  assert.deepEqual(rest, { level: 'info', uid: 'a', msg: 'decision' });
  assert.equal(new Date(time).toISOString(), time);
});

test('lines below the level are not written', () => {
  const lines = logged('warn', (log) => {
    log.info('no');
    log.warn('yes');
  });
  assert.equal(lines.length, 1);
});
