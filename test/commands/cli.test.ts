import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';

import { COMMANDS } from '../../src/commands/table.ts';
import { VERSION } from '../../src/version.ts';
import { run } from './run.ts';

const EXIT_CODES = /\nExit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n$/;

suite('help and version go to standard output, exit code 0', () => {
  test('--version', async () => {
    assert.deepEqual(await run('--version'), { code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  for (const args of [['--help'], ['-h'], ['help']]) {
    test(`podscrape ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      for (const { name } of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
      assert.match(stdout, EXIT_CODES);
    });
  }

  const first: Readonly<Record<string, string>> = {
    serve: '--config <file>',
    'webhook-config': '--url <url>',
    ready: '--url <url...>',
    profiles: '--config <file>',
    inject: '-f, --filename <file>',
    uninject: '-f, --filename <file>',
    explain: '-f, --filename <file>',
    audit: '-n, --namespace <name>',
    local: '--port <[name=]number>',
    'scrape-config': '--role <role>',
    config: '-h, --help',
  };
  for (const { name } of COMMANDS) {
    for (const args of [
      [name, '--help'],
      ['help', name],
    ]) {
      test(`podscrape ${args.join(' ')}`, async () => {
        const { code, stdout, stderr } = await run(...args);
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
        assert.match(stdout, new RegExp(`^Usage: podscrape ${name} \\[options\\]( \\[[a-z./]+\\])?\\n`));
        assert.ok(stdout.includes(`\n  ${first[name] ?? '?'} `), 'the options of the command itself');
        assert.match(stdout, EXIT_CODES);
      });
    }
  }
});

suite('a wrong command line: standard error, exit code 2', () => {
  const rows: [args: string, ...messages: string[]][] = [
    ['', 'Usage: podscrape [options] [command]'],
    ['serv', "error: unknown command 'serv'", 'Did you mean serve?'],
    ['webhook', "error: unknown command 'webhook'"],
    ['--cofnig', "error: unknown option '--cofnig'"],
    ['serve --prot 1', "error: unknown option '--prot'", 'Did you mean --port?'],
    ['serve extra', "error: too many arguments for 'serve'"],
    ['serve --config', "error: option '--config <file>' argument missing"],
    ['serve --port 65536', "'--port <number>' argument '65536'", 'a whole number from 0 to 65535'],
    ['serve --port -1', 'a whole number from 0 to 65535'],
    ['serve --port 8443.0', 'a whole number from 0 to 65535'],
    ['serve --port 1e3', 'a whole number from 0 to 65535'],
    ['serve --port 0x50', 'a whole number from 0 to 65535'],
    ['serve --port http', 'a whole number from 0 to 65535'],
    ['serve --port=', 'a whole number from 0 to 65535'],
    ['serve --health-port 70000', "'--health-port <number>' argument '70000'"],
    ['serve --dns-name a_b --dns-name https://a', '"https://a" is neither a host name', 'nor an IP address'],
    ['serve --namespace Kube_System', "'--namespace <name>' argument 'Kube_System'", 'lower case'],
    ['serve --tls-cert a', 'error: --tls-cert without --tls-key: give both or neither'],
    ['serve --tls-key a', 'error: --tls-key without --tls-cert: give both or neither'],
    [
      'serve --cert-dir a --tls-cert b --tls-key c',
      "'--cert-dir <directory>' cannot be used with option '--tls-cert",
    ],
  ];
  for (const [args, ...messages] of rows) {
    test(`podscrape ${args}`, async () => {
      const { code, stdout, stderr } = await run(...args.split(' ').filter((word) => word !== ''));
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      for (const message of messages)
        assert.ok(stderr.includes(message), `${stderr}\ndoes not say: ${message}`);
    });
  }
});

test('a problem with the configuration: every line of it on standard error, exit code 1', async () => {
  const config = join(import.meta.dirname, '..', 'config', 'golden', 'bad', 'reserved-prefix.yaml');
  for (const command of [
    ['serve', '--port', '0', '--health-port', '0'],
    ['webhook-config', '--url', 'https://a'],
  ]) {
    const { code, stdout, stderr } = await run(...command, '--config', config);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.ok(stderr.startsWith(`${config}:1:19: annotationPrefix: `), stderr);
  }
});

suite('as a process', () => {
  const cli = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');
  const start = (...args: string[]) =>
    spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

  test('the exit code and the streams are those of the command', async () => {
    const child = start('serve', '--port', 'x');
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    assert.deepEqual({ code: child.exitCode, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, /whole number/);
  });

  test('a reader that has seen enough is no fault', async () => {
    const child = start('webhook-config', '--url', 'https://127.0.0.1:8443');
    // Closed before anything is written: the first write meets EPIPE.
    child.stdout.destroy();
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([child.exitCode, child.signalCode], [0, null]);
    assert.match(stderr, /^note: [^\n]*\n$/, 'no stack trace');
  });
});
