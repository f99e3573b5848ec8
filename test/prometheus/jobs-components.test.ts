import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { StringMap } from '../../src/core/kubernetes.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { Component } from '../../src/prometheus/jobs/components.ts';
import { componentJob } from '../../src/prometheus/jobs/components.ts';
import { findTarget } from '../../src/prometheus/target.ts';
import { discovered, optionsOf } from './jobs-tools.ts';

const COMPONENT = {
  __address__: '10.0.0.7:9091',
  __meta_kubernetes_service_label_app_kubernetes_io_name: 'pushgateway',
  __meta_kubernetes_endpointslice_port: '9091',
  __meta_kubernetes_endpointslice_port_name: 'http',
  __meta_kubernetes_pod_phase: 'Running',
};

/** Whether a component's job scrapes an endpoint with these labels. */
function isFound(component: Component, labels: StringMap, annotationPrefix = 'podscrape.dev'): boolean {
  const options = { ...optionsOf({ annotationPrefix }), ownNamespace: 'monitoring' };
  const compiled = compileJob(componentJob(component, options).config, {});
  assert.ok('job' in compiled);
  return findTarget(discovered(labels), compiled.job).outcome.state === 'scraped';
}

describe('jobs of components behind Services', () => {
  it('find the Service’s own endpoints, and no other container port', () => {
    assert.ok(isFound('pushgateway', COMPONENT));
    assert.ok(!isFound('pushgateway', { ...COMPONENT, __meta_kubernetes_endpointslice_port: '' }));
    assert.ok(!isFound('node-exporter', COMPONENT));
  });

  it('leave Pods that podscrape has marked to the other jobs, which scrape them already', () => {
    const marked = { ...COMPONENT, __meta_kubernetes_pod_annotationpresent_podscrape_dev_status: 'true' };
    assert.ok(!isFound('pushgateway', marked));
    const refused = { __meta_kubernetes_pod_annotation_podscrape_dev_status: '{"outcome":"refused"}' };
    assert.ok(isFound('pushgateway', { ...marked, ...refused }));
    // Another podscrape's mark.
    assert.ok(isFound('pushgateway', marked, 'example.test'));
  });
});
