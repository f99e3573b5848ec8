{{/*
What the API server sends to podscrape: src/core/webhook-configuration.ts, once more. test/chart compares the two.

podscrape's own tables and defaults come from the generated "podscrape.generated"; here is what depends on values.
*/}}

{{/* The part of the configuration that decides what is sent, with defaults, as JSON. */}}
{{- define "podscrape.sent" -}}
{{- $known := include "podscrape.generated" . | fromJson -}}
{{- $config := .Values.config | default dict -}}
{{- $kinds := $known.workloadKinds -}}
{{- range $config.workloadKinds -}}
{{- $kinds = append $kinds (merge (deepCopy .) $known.workloadKind) -}}
{{- end -}}
{{- $excluded := concat $known.systemNamespaces (list .Release.Namespace) ($config.excludedNamespaces | default list | uniq | sortAlpha) | uniq -}}
{{- dict
  "prefix" ($config.annotationPrefix | default $known.annotationPrefix)
  "optIn" ($config.optIn | default $known.optIn)
  "workloads" ($config.workloads | default $known.workloads)
  "kinds" $kinds
  "excluded" $excluded
  "neverSent" $known.neverSent
  "policyMode" $known.policyMode
  "policies" ($config.policies | default list)
  | toJson -}}
{{- end -}}

{{/* CEL: everything on the way from a variable to a field is there. (list VARIABLE PATH) */}}
{{- define "podscrape.cel.there" -}}
{{- $at := index . 0 -}}
{{- $steps := list -}}
{{- range splitList "." (index . 1) -}}
{{- $at = printf "%s.%s" $at . -}}
{{- $steps = append $steps (printf "has(%s) && %s != null" $at $at) -}}
{{- end -}}
{{- join " && " $steps -}}
{{- end -}}

{{/* CEL: a key of ours on the object, its pod template, or the old one. (dict "prefix" "kinds") */}}
{{- define "podscrape.cel.asks" -}}
{{- $places := list "metadata" -}}
{{- range .kinds -}}
{{- $places = concat $places .metadata (list (printf "%s.metadata" .template)) -}}
{{- end -}}
{{- $found := list -}}
{{- range uniq $places -}}
{{- $found = append $found (printf "  %s ? o.%s : null" (include "podscrape.cel.there" (list "o" .)) .) -}}
{{- end -}}
{{- $ours := printf "exists(k, k.startsWith(%q))" (printf "%s/" .prefix) -}}
{{- join "\n" (list
  "[object, oldObject].exists(o, o != null && ["
  (join ",\n" $found)
  "].exists(m, m != null && ("
  (printf "  (%s && m.annotations.%s) ||" (include "podscrape.cel.there" (list "m" "annotations")) $ours)
  (printf "  (%s && m.labels.%s)" (include "podscrape.cel.there" (list "m" "labels")) $ours)
  ")))") -}}
{{- end -}}

{{/* Rules for Pods, and one for each group and version of the kinds, as a JSON list. */}}
{{- define "podscrape.rules" -}}
{{- $rules := .pods | ternary (list (dict "operations" (list "CREATE") "apiGroups" (list "") "apiVersions" (list "v1") "resources" (list "pods") "scope" "Namespaced")) list -}}
{{- $groups := list -}}
{{- $resources := dict -}}
{{- range .kinds -}}
{{- $group := printf "%s/%s" .group .version -}}
{{- $groups = append $groups $group -}}
{{- $_ := set $resources $group (append (get $resources $group | default list) .resource) -}}
{{- end -}}
{{- range uniq $groups -}}
{{- $parts := splitList "/" . -}}
{{- $rules = append $rules (dict "operations" (list "CREATE" "UPDATE") "apiGroups" (list (index $parts 0)) "apiVersions" (list (index $parts 1)) "resources" (get $resources .) "scope" "Namespaced") -}}
{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{/* One webhook as JSON: what is common to all, and ENTRY over it. (list $ SENT ENTRY FAILUREPOLICY) */}}
{{- define "podscrape.entry" -}}
{{- $root := index . 0 -}}
{{- $sent := index . 1 -}}
{{- $entry := index . 2 -}}
{{- $client := dict "service" (dict "namespace" $root.Release.Namespace "name" (include "podscrape.fullname" $root) "port" (int $root.Values.service.port) "path" $entry.path) -}}
{{- with $root.Values.certificates.caBundle -}}
{{- $_ := set $client "caBundle" (printf "%s\n" (trim .) | b64enc) -}}
{{- end -}}
{{- $excluded := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" $sent.excluded -}}
{{- $webhook := dict
  "name" $entry.name
  "clientConfig" $client
  "rules" $entry.rules
  "namespaceSelector" (merge (dict "matchExpressions" (prepend $entry.expressions $excluded)) ($entry.labels | default dict))
  "matchConditions" (concat $sent.neverSent ($entry.asks | default list))
  "failurePolicy" (index . 3)
  "timeoutSeconds" (int $root.Values.webhook.timeoutSeconds)
  "matchPolicy" "Equivalent"
  "sideEffects" "None"
  "admissionReviewVersions" (list "v1") -}}
{{- with $entry.objects -}}
{{- $_ := set $webhook "objectSelector" (dict "matchExpressions" (list .)) -}}
{{- end -}}
{{- toJson $webhook -}}
{{- end -}}

{{/* (dict "labels") or nothing: the matchLabels of a policy's selector. */}}
{{- define "podscrape.policyLabels" -}}
{{- if hasKey . "matchLabels" -}}{{- dict "matchLabels" .matchLabels | toJson -}}{{- else -}}{}{{- end -}}
{{- end -}}

{{/* The webhooks of the MutatingWebhookConfiguration, as {"items": [...]}. */}}
{{- define "podscrape.mutating" -}}
{{- $sent := include "podscrape.sent" . | fromJson -}}
{{- $inject := printf "%s/inject" $sent.prefix -}}
{{- $optedIn := dict "key" $inject "operator" "In" "values" (list "enabled" "true") -}}
{{- $notDisabled := dict "key" $inject "operator" "NotIn" "values" (list "disabled" "false") -}}
{{- $saidNothing := dict "key" $inject "operator" "NotIn" "values" (list "enabled" "true" "disabled" "false") -}}
{{- $kinds := eq $sent.workloads "off" | ternary list $sent.kinds -}}
{{- $podRules := include "podscrape.rules" (dict "pods" true "kinds" list) | fromJsonArray -}}
{{- $allRules := include "podscrape.rules" (dict "pods" true "kinds" $kinds) | fromJsonArray -}}
{{- $entries := list (dict "name" "pods-namespace.podscrape.dev" "path" "/mutate/namespace" "rules" $podRules "expressions" (list $optedIn) "objects" $notDisabled) -}}
{{- if $kinds -}}
{{- $entries = append $entries (dict "name" "workloads-namespace.podscrape.dev" "path" "/mutate/namespace/workloads" "rules" (include "podscrape.rules" (dict "pods" false "kinds" $kinds) | fromJsonArray) "expressions" (list $optedIn)) -}}
{{- end -}}
{{- $object := dict "name" "object.podscrape.dev" "path" "/mutate/object" "rules" $allRules "expressions" (list $saidNothing) -}}
{{- $unasked := deepCopy $object -}}
{{- if eq $sent.optIn "annotation" -}}
{{- $asks := include "podscrape.cel.asks" (dict "prefix" $sent.prefix "kinds" $kinds) -}}
{{- $entries = append $entries (set $object "asks" (list (dict "name" "asks-for-podscrape" "expression" $asks))) -}}
{{- $_ := set $unasked "asks" (list (dict "name" "asks-for-nothing" "expression" (printf "!(%s)" $asks))) -}}
{{- else if eq $sent.optIn "label" -}}
{{- $entries = append $entries (set $object "objects" $optedIn) -}}
{{- $_ := set $unasked "objects" $saidNothing -}}
{{- end -}}
{{- range $sent.policies -}}
{{- if hasKey (.conventions | default dict) "requireRequest" -}}
{{- $expressions := append (.namespaceSelector.matchExpressions | default list) $saidNothing -}}
{{- if eq (.mode | default $sent.policyMode) "inject" -}}
{{- $expressions = append $expressions (dict "key" (printf "%s/mode" $sent.prefix) "operator" "In" "values" (list "warn" "enforce")) -}}
{{- end -}}
{{- $labels := include "podscrape.policyLabels" .namespaceSelector | fromJson -}}
{{- $entries = append $entries (merge (dict "name" (printf "%s.unasked.podscrape.dev" .name) "expressions" $expressions "labels" $labels) $unasked) -}}
{{- end -}}
{{- end -}}
{{- $webhooks := list -}}
{{- range $entries -}}
{{- $webhook := include "podscrape.entry" (list $ $sent . $.Values.webhook.failurePolicy) | fromJson -}}
{{- $webhooks = append $webhooks (set $webhook "reinvocationPolicy" "IfNeeded") -}}
{{- end -}}
{{- dict "items" $webhooks | toJson -}}
{{- end -}}

{{/* The webhooks of the ValidatingWebhookConfiguration, as {"items": [...]}: one for each policy that can deny. */}}
{{- define "podscrape.validating" -}}
{{- $sent := include "podscrape.sent" . | fromJson -}}
{{- $rules := include "podscrape.rules" (dict "pods" true "kinds" $sent.kinds) | fromJsonArray -}}
{{- $webhooks := list -}}
{{- range $sent.policies -}}
{{- $severities := list -}}
{{- range .conventions -}}
{{- $severities = append $severities (kindIs "map" . | ternary (get (kindIs "map" . | ternary . dict) "severity") .) -}}
{{- end -}}
{{- if has "deny" $severities -}}
{{- $expressions := append (.namespaceSelector.matchExpressions | default list) (dict "key" (printf "%s/inject" $sent.prefix) "operator" "NotIn" "values" (list "disabled" "false")) -}}
{{- if ne (.mode | default $sent.policyMode) "enforce" -}}
{{- $expressions = append $expressions (dict "key" (printf "%s/mode" $sent.prefix) "operator" "In" "values" (list "enforce")) -}}
{{- end -}}
{{- $labels := include "podscrape.policyLabels" .namespaceSelector | fromJson -}}
{{- $entry := dict "name" (printf "%s.policies.podscrape.dev" .name) "path" "/validate" "rules" $rules "expressions" $expressions "labels" $labels -}}
{{- $webhooks = append $webhooks (include "podscrape.entry" (list $ $sent $entry $.Values.webhook.validatingFailurePolicy) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- dict "items" $webhooks | toJson -}}
{{- end -}}

{{/* A configuration object. (list $ KIND NAME WEBHOOKS) */}}
{{- define "podscrape.configuration" -}}
{{- $root := index . 0 -}}
{{- $mark := dict "admissions.enforcer/disabled" "true" -}}
{{- $annotations := merge (deepCopy $mark) ($root.Values.webhook.annotations | default dict) -}}
{{- if eq $root.Values.certificates.mode "certManager" -}}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s" $root.Release.Namespace (include "podscrape.fullname" $root)) -}}
{{- end -}}
{{- $labels := merge (dict "app.kubernetes.io/component" "webhook") $mark ($root.Values.webhook.labels | default dict) -}}
apiVersion: admissionregistration.k8s.io/v1
kind: {{ index . 1 }}
metadata:
  {{- include "podscrape.clusterMetadata" (list $root (index . 2) $labels $annotations) | nindent 2 }}
webhooks:
  {{- toYaml (index . 3) | nindent 2 }}
{{- end -}}

{{/*
An empty configuration that takes the place of the release's and is removed again, before helm uninstall touches
anything else: Helm knows no order for this kind and would delete it last, when the Pods are long gone. Only where
there is a cluster to look at: in what `helm template` prints the object would be there twice. (list KIND NAME)
*/}}
{{- define "podscrape.removedFirst" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: {{ index . 0 }}
metadata:
  name: {{ index . 1 }}
  annotations:
    helm.sh/hook: pre-delete
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
webhooks: []
{{- end -}}
