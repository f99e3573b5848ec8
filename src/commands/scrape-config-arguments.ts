import { InvalidArgumentError } from 'commander';

import { parseDuration } from '../core/duration.ts';
import { didYouMean } from '../core/problem.ts';
import { COMPONENTS } from '../prometheus/jobs/components.ts';
import type { Component } from '../prometheus/jobs/components.ts';
import { KUBE_STATE_RESOURCES } from '../prometheus/jobs/kube-state-metrics.ts';
import { RESERVED_LABELS } from '../prometheus/jobs/labels.ts';
import { partFault } from '../prometheus/regex.ts';
import { dnsLabel, dnsSubdomain } from './arguments.ts';

/** Parsers of single options of `podscrape scrape-config`. Errors: InvalidArgumentError, with what is allowed. */

/** Names of namespaces with commas between them, each once. */
export function namespaces(text: string): readonly string[] {
  return [...new Set(words(text).map(dnsLabel))];
}

/** A label name that every Prometheus takes. */
export function labelName(text: string): string {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(text))
    throw new InvalidArgumentError(
      'It must have letters, digits and underscores only, and begin with no digit.',
    );
  if (text.startsWith('__'))
    throw new InvalidArgumentError('Prometheus takes labels that begin with __ away before it scrapes.');
  if (RESERVED_LABELS.includes(text))
    throw new InvalidArgumentError(`Prometheus gives ${text} a meaning of its own; use another name.`);
  return text;
}

/** A regular expression over the names of labels. */
export function labelPattern(text: string): string {
  const fault = text === '' ? 'it is empty' : partFault(text);
  if (fault === undefined) return text;
  throw new InvalidArgumentError(`It is no regular expression of RE2, such as (.+) or app|team: ${fault}`);
}

/** A Prometheus duration of more than nothing. */
export function interval(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  throw new InvalidArgumentError('It must be a Prometheus duration such as 5m, 1m30s or 500ms.');
}

/** Components with commas between them, each once. */
export function components(text: string): readonly Component[] {
  return [...new Set(words(text).map((word) => known(word, COMPONENTS)))];
}

/** Resources of kube-state-metrics with commas between them, each once, in the order of their names. */
export function resources(text: string): readonly string[] {
  const names = [...KUBE_STATE_RESOURCES.keys()];
  return [...new Set(words(text).map((word) => known(word, names)))].sort();
}

function known<T extends string>(word: string, all: readonly T[]): T {
  const found = all.find((one) => one === word);
  if (found !== undefined) return found;
  const { hint = `known are ${all.join(', ')}` } = didYouMean(word, all);
  throw new InvalidArgumentError(`${JSON.stringify(word)} is unknown; ${hint}`);
}

function words(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new InvalidArgumentError('It must be a list with commas: a,b.');
  return parts;
}

/** The API server's base URL, as Prometheus takes it. */
export function apiServer(text: string): string {
  const refuse = (because: string): InvalidArgumentError =>
    new InvalidArgumentError(`${because} A URL such as https://10.0.0.1:6443 is wanted.`);
  const url = /\s/.test(text) ? null : URL.parse(text);
  if (url === null) throw refuse('It is no URL.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('It must be http or https.');
  if (url.username !== '' || url.password !== '')
    throw refuse('A password must not stand in it; use --token-file.');
  if (/[?#]/.test(text)) throw refuse('It must have no query and no fragment.');
  return url.href.replace(/\/+$/, '');
}

/** A directory on Prometheus' machine, without a slash at its end. */
export function directory(text: string): string {
  if (!text.startsWith('/'))
    throw new InvalidArgumentError('It must be an absolute path on Prometheus’ machine.');
  return text.replace(/\/+$/, '');
}

/** `NAMESPACE/NAME` of a ServiceAccount, whose name may have dots. */
export function serviceAccount(text: string): { readonly namespace: string; readonly name: string } {
  const [namespace, name, ...more] = text.split('/');
  if (namespace === undefined || name === undefined || more.length > 0)
    throw new InvalidArgumentError('It must be NAMESPACE/NAME, such as monitoring/prometheus.');
  return { namespace: dnsLabel(namespace), name: dnsSubdomain(name) };
}

/** A key of a Secret's data. */
export function dataKey(text: string): string {
  if (/^[-._a-zA-Z0-9]{1,253}$/.test(text) && !/^\.{1,2}$/.test(text)) return text;
  throw new InvalidArgumentError('It must have letters, digits, dashes, dots and underscores only.');
}

/** What the names of all jobs begin with. */
export function jobPrefix(text: string): string {
  if (/^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(text)) return text;
  throw new InvalidArgumentError('It must have letters, digits, dashes, dots and underscores only.');
}
