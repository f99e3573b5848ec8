// Loaded before podscrape with `node --import`: makes one stage of an admission throw, in the real process. Which one
// says the file BREAK_STAGE_FILE, read at each call; an empty one breaks nothing.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

import { BREAKS } from './breaks.ts';

const file = process.env['BREAK_STAGE_FILE'] ?? '';

declare global {
  var podscrapeBroken: (stage: string) => boolean;
}
globalThis.podscrapeBroken = (stage) => readFileSync(file, 'utf8') === stage;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const breaks = BREAKS.filter((row) => url.endsWith(`/src/${row.module}`));
    if (breaks.length === 0 || loaded.source === undefined) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
    for (const { stage, before, error } of breaks) {
      if (source.split(before).length !== 2) throw new Error(`${url} has ${before} not once: mend breaks.ts`);
      source = source.replace(before, () => {
        return `${before} if (globalThis.podscrapeBroken('${stage}')) throw ${error}; `;
      });
    }
    return { ...loaded, source };
  },
});
