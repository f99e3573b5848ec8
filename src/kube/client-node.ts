/**
 * What podscrape takes of client-node, by name: of a file that imports the whole package when it is needed, the bundler
 * would have to keep all of it (18 MB instead of 3). Import this file lazily, too: loading it takes 370 ms.
 */
export { KubeConfig } from '@kubernetes/client-node';
