import type { CommandRow } from './command.ts';

/** The commands, in the order of the help. A new one is a row here and a file beside it. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'serve',
    summary: 'run the admission webhook over HTTPS',
    load: () => import('./serve-command.ts'),
  },
  {
    name: 'webhook-config',
    summary: 'print the MutatingWebhookConfiguration that sends objects to the webhook',
    load: () => import('./webhook-config.ts'),
  },
  {
    name: 'ready',
    summary: 'wait until a running podscrape answers, and say what is in the way',
    load: () => import('./ready.ts'),
  },
  {
    name: 'profiles',
    summary: 'list profiles and exporters, as they are or as the configuration file changes them',
    load: () => import('./profiles.ts'),
  },
  {
    name: 'inject',
    summary: 'print manifests with the injection in them',
    load: () => import('./inject.ts'),
  },
  {
    name: 'uninject',
    summary: 'print manifests without what podscrape put into them',
    load: () => import('./uninject.ts'),
  },
  {
    name: 'explain',
    summary: 'say what podscrape would do with manifests, and why',
    load: () => import('./explain.ts'),
  },
  {
    name: 'audit',
    summary: 'say what a live cluster has missed, and what to do about it',
    load: () => import('./audit.ts'),
  },
  {
    name: 'local',
    summary: 'print a prometheus.yml for programs on this machine, and how to run Prometheus with it',
    load: () => import('./local.ts'),
  },
  {
    name: 'scrape-config',
    summary: 'print the scrape configuration that finds what podscrape makes scrapeable',
    load: () => import('./scrape-config.ts'),
  },
  {
    name: 'config',
    summary: 'look after the configuration file',
    commands: [
      {
        name: 'check',
        summary: 'check a configuration file without starting anything',
        load: () => import('./config-check.ts'),
      },
    ],
  },
];
