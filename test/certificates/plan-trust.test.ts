// What the plan is for: at no moment does a client meet a certificate that it does not trust.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { plan, superfluous } from '../../src/certificates/plan.ts';
import type { Action, Authority, Held, Leaf, Wish } from '../../src/certificates/plan.ts';

const wish: Wish = { life: 600, authorityLife: 3000, settle: 30 };
const SKEW = 60;

/** The Secret, who reads it, and who is told by it whom to trust; moments are numbers. */
interface World {
  now: number;
  held: Held;
  made: number;
  /** What the webhook configuration says, and since when all of the bundle is in it as far as the leader saw. */
  configured: readonly string[];
  published: number | undefined;
  /** What API servers have read, and when they began to lag behind. */
  readonly clients: { trusted: readonly string[]; behind: number | undefined }[];
  /** With what replicas serve. */
  readonly replicas: (Leaf | undefined)[];
}

/** What `steps.ts` does with keys and certificates, without them; `steps.test.ts` holds the two together. */
function perform(world: World, action: Action): void {
  const { held, now } = world;
  const authority = (): Authority => {
    const made = now;
    return { id: `ca-${++world.made}`, own: true, made, from: now - SKEW, until: now + wish.authorityLife };
  };
  const signedBy = (signer: Authority, rest: Omit<Held, 'leaf' | 'ends'>): Held => {
    const until = Math.min(now + wish.life, signer.until);
    const old = held.leaf;
    const ends = { ...held.ends, [signer.id]: Math.max(held.ends[signer.id] ?? 0, until) };
    if (old !== undefined) ends[old.authority] = Math.max(ends[old.authority] ?? 0, old.until);
    return { ...rest, ends, leaf: { authority: signer.id, made: now, from: now - SKEW, until, lacking: [] } };
  };
  const { next, ...current } = held;
  const find = (id: string | undefined) => held.authorities.find((one) => one.id === id)!;
  const valid = held.authorities.filter(({ until }) => now <= until);
  if (action === 'create') {
    const made = authority();
    const rest = { authorities: [made, ...valid], signing: made.id, rotate: false };
    world.held = signedBy(made, rest);
  } else if (action === 'sign') world.held = signedBy(find(held.signing), held);
  else if (action === 'introduce') {
    const made = authority();
    world.held = { ...held, authorities: [made, ...valid], next: made.id, rotate: false };
  } else if (action === 'switch') world.held = signedBy(find(next), { ...current, signing: next! });
  else if (action === 'tidy') {
    const over = superfluous(held, now);
    world.held = { ...held, authorities: held.authorities.filter(({ id }) => !over.includes(id)) };
  }
}

/** Steps that happen in any order; the numbers say for whom, or how long. */
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('time' as const), n: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('look' as const), n: fc.constant(0) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('publish' as const), n: fc.constant(0) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('follow' as const), n: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), n: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), n: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const), n: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose key' as const), n: fc.constant(0) }) },
);

function happen(world: World, { kind, n }: { kind: string; n: number }): void {
  const { held, now } = world;
  const bundle = held.authorities.map(({ id }) => id);
  const complete = bundle.every((id) => world.configured.includes(id));
  if (kind === 'time') {
    // An API server is at most the settling time behind.
    for (const client of world.clients) {
      if (client.behind !== undefined && now + n >= client.behind + wish.settle) {
        client.trusted = world.configured;
        client.behind = undefined;
      }
    }
    world.now += n;
  } else if (kind === 'look') {
    const step = plan(held, wish, { now, published: complete ? world.published : undefined });
    perform(world, step.action);
    if (step.action === 'introduce' || step.action === 'create') world.published = undefined;
  } else if (kind === 'publish' && !(complete && world.configured.length === bundle.length)) {
    world.configured = bundle;
    world.published ??= now;
    for (const client of world.clients) client.behind ??= now;
  } else if (kind === 'follow') world.replicas[n] = held.leaf;
  else if (kind === 'read') {
    const client = world.clients[n]!;
    client.trusted = world.configured;
    client.behind = undefined;
  }
  // Who leads now saw nothing of what was published before; a replica that starts takes what is there.
  else if (kind === 'restart') {
    world.published = complete ? now : undefined;
    world.replicas[n] = held.leaf;
  } else if (kind === 'rotate') world.held = { ...held, rotate: true };
  else if (kind === 'lose key') {
    const { signing, ...rest } = held;
    world.held = signing === undefined ? held : rest;
  }
}

function beginning(): World {
  const world: World = {
    now: 0,
    held: { authorities: [], ends: {}, rotate: false },
    made: 0,
    configured: [],
    published: undefined,
    clients: [],
    replicas: [],
  };
  perform(world, 'create');
  world.configured = world.held.authorities.map(({ id }) => id);
  world.published = 0;
  world.clients.push(...[0, 1].map(() => ({ trusted: world.configured, behind: undefined })));
  world.replicas.push(world.held.leaf, world.held.leaf, world.held.leaf);
  return world;
}

test('whenever anything restarts, is slow or silent: every valid leaf in use is trusted by every client', () => {
  const property = fc.property(fc.array(event, { minLength: 50, maxLength: 300 }), (events) => {
    const world = beginning();
    for (const one of events) {
      happen(world, one);
      const { held, now } = world;
      // Once it has expired there is nothing to lose, and what follows cannot wait for the clients.
      if (held.leaf === undefined || now > held.leaf.until) return;
      for (const [index, leaf] of world.replicas.entries()) {
        if (leaf === undefined || now > leaf.until) continue;
        for (const { trusted } of world.clients) {
          assert.ok(
            trusted.includes(leaf.authority),
            `replica ${index}: ${leaf.authority}, not ${trusted.join(' ')}`,
          );
        }
      }
    }
  });
  fc.assert(property, { numRuns: 3000 });
});

test('with everybody at work, authorities come and go, and the bundle does not grow', () => {
  const world = beginning();
  let most = 0;
  for (let round = 0; round < 2000; round++) {
    for (const one of [
      { kind: 'time', n: 10 },
      { kind: 'look', n: 0 },
      { kind: 'publish', n: 0 },
      { kind: 'read', n: 0 },
      { kind: 'read', n: 1 },
      { kind: 'follow', n: round % 3 },
    ]) {
      happen(world, one);
    }
    assert.ok(world.held.leaf !== undefined && world.now < world.held.leaf.until, 'renewed in time');
    most = Math.max(most, world.held.authorities.length);
  }
  assert.ok(world.made >= 9, `${world.made} authorities in 20,000`);
  assert.ok(most <= 3, `${most} in the bundle`);
});
