// Loaded before podscrape with `node --expose-gc --import`: SIGUSR2 collects all garbage, so that what is left is what
// is held. Without it a heap with room grows for an hour before V8 looks.
process.on('SIGUSR2', () => globalThis.gc?.());
