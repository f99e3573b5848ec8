import { hasScheme } from '../core/exporter-connection.ts';
import { parseAddress, shownConnection } from '../core/values.ts';
import type { Placeholders } from './check-texts.ts';
import { args, namesOf, parsed, placeholders, variables } from './check-texts.ts';
import { at, entriesOf, textsOf } from './data.ts';
import type { Data, Entry } from './data.ts';
import type { Finding } from './finding.ts';
import { wrongValue } from './finding.ts';
import { without } from './merge.ts';

const WAYS = ['address', 'secret', 'both'] as const;
type Way = (typeof WAYS)[number];

const NO_SECRET = 'stands for the key of a Secret, and with an address alone there is none';
const NO_ADDRESS = 'has no meaning with a Secret alone, where there is no defaultAddress';

/** What an exporter connects to: that each way there is tells it what a Pod says, and nothing that no Pod said. */
export function connection({ path, data: exporter }: Entry, allowed: Placeholders): Finding[] {
  const data = at(exporter, 'connection');
  if (data === undefined) return [];
  const place = [...path, 'connection'];
  const ways = WAYS.filter((way) => data[way] !== undefined);
  const example =
    data['example'] === undefined ? [wrongValue(place, 'example is missing (line of text)')] : [];
  const none =
    ways.length === 0
      ? [wrongValue(place, 'has none of address, secret and both, so that nothing could be connected')]
      : [];
  const taken = [...namesOf(exporter['env']), ...(exporter['go'] === true ? ['GOMEMLIMIT'] : [])];
  return [
    ...example,
    ...none,
    ...defaultAddress({ path: place, data }),
    ...WAYS.flatMap((way) => settings({ path: place, data }, way, allowed, taken)),
  ];
}

function defaultAddress({ path, data }: Entry): Finding[] {
  const { defaultAddress: address, form } = data;
  if (typeof address !== 'string') return [];
  const place = [...path, 'defaultAddress'];
  const found = parsed(parseAddress, address, place);
  const isUri = hasScheme(address);
  const fits = (form !== 'uri' && form !== 'host-port') || isUri === (form === 'uri');
  const misfit = fits
    ? []
    : [
        wrongValue(
          place,
          `${shownConnection(address)} has ${isUri ? 'a' : 'no'} scheme, but form is ${form}`,
        ),
      ];
  return [...found, ...misfit];
}

function settings(
  { path, data }: Entry,
  way: Way,
  allowed: Placeholders,
  taken: readonly string[],
): Finding[] {
  const given = at(data, way);
  if (given === undefined) return [];
  const place = [...path, way];
  const because = without<Readonly<Record<string, string>>, string>(allowed.because ?? {}, 'address');
  const lacksAddress = way === 'secret' && data['defaultAddress'] === undefined;
  const here: Placeholders = {
    known: [...allowed.known, 'address'],
    because: { ...because, ...(lacksAddress && { address: NO_ADDRESS }) },
  };
  return [
    ...told(given, way).map((message) => wrongValue(place, message)),
    ...args(given['args'], [...place, 'args'], here),
    ...variables(given['env'], [...place, 'env'], (entry) => variable(entry, way, here), taken),
  ];
}

/** What a Pod says has to arrive. */
function told(given: Data, way: Way): string[] {
  const env = entriesOf(given['env'], []);
  const texts = [
    ...textsOf(given['args'], []).map(({ text }) => text),
    ...env.map(({ data }) => data['value']),
  ];
  const address = texts.some((text) => typeof text === 'string' && text.includes('{address}'));
  const secret = env.some(({ data }) => data['secret'] === true);
  return [
    ...(way !== 'secret' && !address ? ['tells the exporter no {address}, neither in env nor in args'] : []),
    ...(way !== 'address' && !secret ? ['has no variable of secret: true in env'] : []),
  ];
}

function variable({ path, data }: Entry, way: Way, allowed: Placeholders): Finding[] {
  const { value, secret } = data;
  if ((value === undefined) === (secret === undefined))
    return [wrongValue(path, 'needs value, or secret: true')];
  if (secret !== undefined)
    return way === 'address' && secret === true ? [wrongValue([...path, 'secret'], NO_SECRET)] : [];
  return typeof value === 'string' ? placeholders(value, [...path, 'value'], allowed) : [];
}
