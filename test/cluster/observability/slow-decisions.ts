// Loaded before podscrape with `node --import`: each decision takes SLOW_MS, and nothing else can be done meanwhile.
import { registerHooks } from 'node:module';

const BEFORE = 'const start = clock();';
const slowMs = Number(process.env['SLOW_MS']);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/src/webhook/handler.ts') || loaded.source === undefined) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
    if (source.split(BEFORE).length !== 2) throw new Error(`${url} has ${BEFORE} not once`);
    const spin = `${BEFORE} const until = performance.now() + ${slowMs}; while (performance.now() < until); `;
    return { ...loaded, source: source.replace(BEFORE, () => spin) };
  },
});
