// Loaded before podscrape with `node --import`: blocks the event loop for BLOCK_MS in every BLOCK_EVERY_MS.
const blockMs = Number(process.env['BLOCK_MS']);
const everyMs = Number(process.env['BLOCK_EVERY_MS']);

setInterval(() => {
  const end = performance.now() + blockMs;
  while (performance.now() < end);
}, everyMs).unref();
