// Makes certificates for development: a CA and a server's certificate for localhost. See README.md beside it.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { CertificateError, certificateSource } from '../src/certificates/source.ts';

const USAGE = 'usage: node certs/make.ts [--dir DIRECTORY] [--dns-name NAME ...]';

try {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      'dns-name': { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(USAGE);
  } else {
    const certDir = values.dir ?? join(import.meta.dirname, 'out');
    const { description } = await certificateSource({ certDir, dnsNames: values['dns-name'] ?? [] });
    console.error(description);
    for (const name of ['ca.crt', 'tls.crt', 'tls.key']) console.log(join(certDir, name));
  }
} catch (error) {
  if (error instanceof CertificateError) {
    console.error(error.message);
    process.exitCode = 1;
  } else if (
    error instanceof TypeError &&
    String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  ) {
    console.error(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
