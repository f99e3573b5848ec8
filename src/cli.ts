#!/usr/bin/env node
import { main } from './commands/program.ts';

// A reader such as `head` that has seen enough is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

// Not process.exit: output to a pipe may still be on its way.
process.exitCode = await main(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
// What is still open by then (a credential plugin that hangs) is nobody's; without it the process has ended already.
setTimeout(() => process.stdout.writableLength === 0 && process.exit(), 1000).unref();
