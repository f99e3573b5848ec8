{{/* Written by npm run docs from the tables in src/; edit those. */}}
{{- define "podscrape.generated" -}}
{
  "names": {
    "mutating": "00-podscrape",
    "validating": "podscrape"
  },
  "annotationPrefix": "podscrape.dev",
  "optIn": "annotation",
  "workloads": "hoist",
  "drainSeconds": 15,
  "endSeconds": 15,
  "restartKeys": [
    "server.bodyLimitBytes",
    "metrics.namespaceLabel"
  ],
  "required": [
    "replicas",
    "image.repository",
    "image.pullPolicy",
    "webhook.failurePolicy",
    "webhook.validatingFailurePolicy",
    "webhook.timeoutSeconds",
    "webhook.removedFirst",
    "webhook.clientCA.key",
    "certificates.mode",
    "certificates.certManager.issuerRef.kind",
    "certificates.certManager.issuerRef.group",
    "certificates.certManager.duration",
    "certificates.certManager.renewBefore",
    "port",
    "healthPort",
    "service.port",
    "serviceAccount.create",
    "rbac.create",
    "terminationGracePeriodSeconds",
    "podDisruptionBudget.enabled",
    "podDisruptionBudget.maxUnavailable",
    "networkPolicy.enabled",
    "scrapeAnnotations",
    "monitor.kind",
    "dashboard.label",
    "dashboard.labelValue"
  ],
  "policyMode": "inject",
  "systemNamespaces": [
    "kube-system",
    "kube-public",
    "kube-node-lease"
  ],
  "workloadKind": {
    "template": "spec.template",
    "metadata": [],
    "immutableTemplate": false
  },
  "workloadKinds": [
    {
      "group": "apps",
      "version": "v1",
      "resource": "deployments",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "apps",
      "version": "v1",
      "resource": "statefulsets",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "apps",
      "version": "v1",
      "resource": "daemonsets",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "apps",
      "version": "v1",
      "resource": "replicasets",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "",
      "version": "v1",
      "resource": "replicationcontrollers",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "batch",
      "version": "v1",
      "resource": "jobs",
      "template": "spec.template",
      "metadata": []
    },
    {
      "group": "batch",
      "version": "v1",
      "resource": "cronjobs",
      "template": "spec.jobTemplate.spec.template",
      "metadata": [
        "spec.jobTemplate.metadata"
      ]
    }
  ],
  "neverSent": [
    {
      "name": "not-a-mirror-pod",
      "expression": "object == null || !(\n  has(object.metadata) && object.metadata != null && has(object.metadata.annotations) && object.metadata.annotations != null &&\n  \"kubernetes.io/config.mirror\" in object.metadata.annotations\n)"
    },
    {
      "name": "not-an-owned-workload",
      "expression": "object == null || request.kind.kind == \"Pod\" || !(\n  has(object.metadata) && object.metadata != null && has(object.metadata.ownerReferences) && object.metadata.ownerReferences != null &&\n  object.metadata.ownerReferences.exists(r, has(r.controller) && r.controller == true)\n)"
    },
    {
      "name": "not-being-deleted",
      "expression": "object == null || !(\n  has(object.metadata) && object.metadata != null && has(object.metadata.deletionTimestamp) && object.metadata.deletionTimestamp != null\n)"
    }
  ]
}
{{- end -}}
