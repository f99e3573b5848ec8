#!/usr/bin/env node
import { main } from './commands/program.ts';

// A reader such as `head` that has seen enough is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

// Not process.exit: output to a pipe may still be on its way.
process.exitCode = await main(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
