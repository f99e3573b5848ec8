/** Moments are milliseconds since 1970, spans milliseconds. */

/** A CA that clients are told to trust. */
export interface Authority {
  readonly id: string;
  /** Whether podscrape made it. What someone else put beside ours stays until it is over. */
  readonly own: boolean;
  /** When it was made, which is later than the beginning of its validity. */
  readonly made: number;
  /** When its validity begins and ends. */
  readonly from: number;
  readonly until: number;
}

/** The certificate that replicas are to serve with. */
export interface Leaf {
  /** The id of the CA that signed it, which is one of the bundle. */
  readonly authority: string;
  readonly made: number;
  readonly from: number;
  readonly until: number;
  /** Names that it ought to be for, and is not. */
  readonly lacking: readonly string[];
}

/** What is held for all replicas; damaged parts count as missing. */
export interface Held {
  /** The bundle. */
  readonly authorities: readonly Authority[];
  /** The CA of the bundle whose key is there and which signs. */
  readonly signing?: string;
  /** The CA that is to sign next, once every client knows it; its key is there too. */
  readonly next?: string;
  readonly leaf?: Leaf;
  /** Until when some leaf that a CA signed is valid, and may still be in use somewhere. */
  readonly ends: Readonly<Record<string, number>>;
  /** Whether someone asked for a new CA. */
  readonly rotate: boolean;
}

/** What is asked for. */
export interface Wish {
  /** How long a leaf and a CA are to live. */
  readonly life: number;
  readonly authorityLife: number;
  /** How long after the publishing every API server counts as having read it. */
  readonly settle: number;
}

/** The present. */
export interface Present {
  readonly now: number;
  /** Since when the bundle, as it is held, has been seen wherever it is to be published; undefined: not yet. */
  readonly published: number | undefined;
}

/**
 * create: a new CA and a leaf, at once · sign: a new leaf of the CA that signs · introduce: a new CA into the bundle,
 * signing nothing yet · switch: a leaf of the new CA, which signs from now on · tidy: what nobody needs out of the bundle
 */
export type Action = 'none' | 'create' | 'sign' | 'introduce' | 'switch' | 'tidy';

/** What is to be done next, and why, in words. */
export interface Step {
  readonly action: Action;
  readonly reason: string;
  /** Whether nobody should wait for the leader: clients cannot be served, or soon not. */
  readonly urgent: boolean;
}

/**
 * The next step towards certificates that are good, and stay trusted all the way: a new CA is published with the old
 * one, and only signs when every client knows it; an old CA stays until no leaf of it can be valid any more, so that a
 * replica that hears of nothing may serve on with what it has. Replacing the CA, in whatever order, loses calls.
 */
export function plan(held: Held, wish: Wish, { now, published }: Present): Step {
  const { leaf } = held;
  if (leaf === undefined) return atOnce(held, now, 'there is no certificate');
  // Nothing that is made by a wrong clock would be better.
  if (now < leaf.from)
    return step('none', `the certificate is not valid before ${text(leaf.from)}; is the clock right?`);
  if (now > leaf.until) return atOnce(held, now, `the certificate expired at ${text(leaf.until)}`);
  const known = published !== undefined && now >= published + wish.settle;
  return rotation(held, wish, now, known) ?? signature(held, leaf, wish, now, known) ?? tidying(held, now);
}

/** Without a leaf that a client could take there is nothing to be careful about. */
function atOnce(held: Held, now: number, reason: string): Step {
  if (usable(held, held.signing, now)) return step('sign', reason, true);
  return usable(held, held.next, now) ? step('switch', reason, true) : step('create', reason, true);
}

function rotation(held: Held, wish: Wish, now: number, known: boolean): Step | undefined {
  if (usable(held, held.next, now)) {
    if (!known) return undefined;
    return step('switch', 'the new authority is published, and the API servers have had time to read it');
  }
  if (held.rotate) return step('introduce', 'someone asked for a new authority');
  const authority = authorityOf(held, held.signing);
  if (authority === undefined) return step('introduce', 'the key of the authority is gone');
  const due = dueAt(authority, wish.authorityLife);
  return now < due ? undefined : step('introduce', `the authority was due for renewal at ${text(due)}`);
}

function signature(held: Held, leaf: Leaf, wish: Wish, now: number, known: boolean): Step | undefined {
  if (!usable(held, held.signing, now)) return undefined;
  // A leaf of another CA than the one in use is a switch, however it came to that.
  if (leaf.authority !== held.signing && !known) return undefined;
  if (leaf.lacking.length > 0) return step('sign', `the certificate was not for ${leaf.lacking.join(', ')}`);
  const due = dueAt(leaf, wish.life);
  if (now < due) return undefined;
  // One that ends with its CA would come out as it is.
  const authority = authorityOf(held, held.signing);
  if (authority !== undefined && leaf.authority === authority.id && leaf.until >= authority.until)
    return undefined;
  const urgent = now >= (due + leaf.until) / 2;
  return step('sign', `the certificate was due for renewal at ${text(due)}`, urgent);
}

function tidying(held: Held, now: number): Step {
  const over = superfluous(held, now);
  if (over.length === 0) return step('none', 'all is well');
  return step(
    'tidy',
    `no certificate of ${over.length === 1 ? 'an earlier authority' : 'earlier authorities'} is valid any more`,
  );
}

/** The CAs that nobody needs in the bundle. */
export function superfluous(held: Held, now: number): string[] {
  const needed = [held.signing, held.next, held.leaf?.authority];
  return held.authorities
    .filter(({ id, own, until }) => {
      if (needed.includes(id)) return false;
      return now > until || (own && now > (held.ends[id] ?? until));
    })
    .map(({ id }) => id);
}

/** At two thirds of the life that was asked for, counted from the making; sooner where less is asked for now. */
export function dueAt({ made, until }: Pick<Leaf, 'made' | 'until'>, life: number): number {
  return made + (Math.min(until - made, life) * 2) / 3;
}

function usable(held: Held, id: string | undefined, now: number): boolean {
  const authority = authorityOf(held, id);
  return authority !== undefined && now >= authority.from && now < authority.until;
}

function authorityOf({ authorities }: Held, id: string | undefined): Authority | undefined {
  return id === undefined ? undefined : authorities.find((authority) => authority.id === id);
}

function step(action: Action, reason: string, urgent = false): Step {
  return { action, reason, urgent };
}

function text(moment: number): string {
  return new Date(moment).toISOString();
}
