{{- define "podscrape.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Room is left for what is appended: a Certificate's name is part of others. */}}
{{- define "podscrape.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "podscrape.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "podscrape.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "podscrape.releaseLabels" -}}
app.kubernetes.io/name: {{ include "podscrape.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Of the Pods that serve, and of no other: the Pod of helm test is none of them. */}}
{{- define "podscrape.selectorLabels" -}}
{{ include "podscrape.releaseLabels" . }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "podscrape.labels" -}}
{{- $own := include "podscrape.releaseLabels" . | fromYaml -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- toYaml (merge $own (.Values.labels | default dict)) -}}
{{- end -}}

{{/*
metadata of an object: (list $ NAME LABELS ANNOTATIONS); LABELS and ANNOTATIONS come to those of every object.
"podscrape.clusterMetadata" is the same for what has no namespace.
*/}}
{{- define "podscrape.clusterMetadata" -}}
{{- $root := index . 0 -}}
{{- $labels := merge (include "podscrape.labels" $root | fromYaml) (index . 2 | default dict) -}}
{{- $annotations := merge (deepCopy (index . 3 | default dict)) ($root.Values.annotations | default dict) -}}
name: {{ index . 1 | quote }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "podscrape.metadata" -}}
namespace: {{ (index . 0).Release.Namespace | quote }}
{{ include "podscrape.clusterMetadata" . }}
{{- end -}}

{{- define "podscrape.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "podscrape.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "podscrape.secretName" -}}
{{- if eq .Values.certificates.mode "secret" -}}
{{- .Values.certificates.secretName -}}
{{- else if eq .Values.certificates.mode "certManager" -}}
{{- /* Not that of mode own, which is Helm's: cert-manager leaves its Secret behind, and Helm takes over nobody's. */ -}}
{{- printf "%s-cert-manager" (include "podscrape.fullname" .) -}}
{{- else -}}
{{- printf "%s-certificate" (include "podscrape.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "podscrape.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of all Pods of the chart. An SCC gives each namespace user and group ids, and refuses others. */}}
{{- define "podscrape.podSecurityContext" -}}
{{- $context := .Values.podSecurityContext | default dict -}}
{{- if .Values.openshift -}}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" -}}
{{- end -}}
{{- if $context -}}{{- toYaml $context -}}{{- end -}}
{{- end -}}

{{/* The affinity of values; on the nodes' network no two replicas on one node, whose ports they would share. */}}
{{- define "podscrape.affinity" -}}
{{- $affinity := deepCopy (.Values.affinity | default dict) -}}
{{- if .Values.hostNetwork -}}
{{- $apart := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "podscrape.selectorLabels" . | fromYaml)) -}}
{{- $anti := $affinity.podAntiAffinity | default dict -}}
{{- $required := $anti.requiredDuringSchedulingIgnoredDuringExecution | default list -}}
{{- $_ := set $anti "requiredDuringSchedulingIgnoredDuringExecution" (append $required $apart) -}}
{{- $_ := set $affinity "podAntiAffinity" $anti -}}
{{- end -}}
{{- if $affinity -}}{{- toYaml $affinity -}}{{- end -}}
{{- end -}}

{{/*
Keys that are null, comma-separated. Helm takes their defaults away, and other programs' come in their place: a
failurePolicy that is null is Fail.
*/}}
{{- define "podscrape.null" -}}
{{- $null := list -}}
{{- range $key := (include "podscrape.generated" . | fromJson).required -}}
{{- $at := $.Values -}}
{{- range splitList "." $key -}}
{{- $at = kindIs "map" $at | ternary $at dict -}}
{{- $at = hasKey $at . | ternary (get $at .) nil -}}
{{- end -}}
{{- if kindIs "invalid" $at -}}{{- $null = append $null $key -}}{{- end -}}
{{- end -}}
{{- join ", " $null -}}
{{- end -}}

{{/* What the schema cannot say. Told all at once. */}}
{{- define "podscrape.check" -}}
{{- with include "podscrape.null" . -}}
{{- fail (printf "\n  - null, where something has to stand: %s. Leave these keys out, and the chart's defaults hold. After helm upgrade --reuse-values, which brings no defaults for keys that are new in a chart: take --reset-then-reuse-values." .) -}}
{{- end -}}
{{- $wrong := list -}}
{{- $name := include "podscrape.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- $wrong = append $wrong (printf "%q, made from the release's name, is no name for a Service, which has small letters, digits and hyphens, and begins with a letter: set fullnameOverride, or take another release name." $name) -}}
{{- end -}}
{{- $replicas := int .Values.replicas -}}
{{- range $key := list "failurePolicy" "validatingFailurePolicy" -}}
{{- if and (eq (index $.Values.webhook $key) "Fail") (lt $replicas 2) -}}
{{- $wrong = append $wrong (printf "webhook.%s is Fail and replicas is %d: while that one Pod restarts, no Pod that asks for monitoring could start. Set replicas to 2 or more, or webhook.%s to Ignore." $key $replicas $key) -}}
{{- end -}}
{{- end -}}
{{- with .Values.certificates -}}
{{- if and (eq .mode "secret") (not .secretName) -}}
{{- $wrong = append $wrong "certificates.mode is secret and certificates.secretName is empty: name the Secret (tls.crt, tls.key) in the release's namespace." -}}
{{- end -}}
{{- if and (ne .mode "secret") .secretName -}}
{{- $wrong = append $wrong (printf "certificates.secretName is %q, which only mode secret reads, and certificates.mode is %s: set the mode to secret, or leave the name out." .secretName .mode) -}}
{{- end -}}
{{- if and (ne .mode "secret") .caBundle -}}
{{- $wrong = append $wrong (printf "certificates.caBundle is set, which only mode secret reads, and certificates.mode is %s: set the mode to secret, or leave it out." .mode) -}}
{{- end -}}
{{- end -}}
{{- with .Values.webhook.clientCA -}}
{{- if and .secret .configMap -}}
{{- $wrong = append $wrong "webhook.clientCA.secret and webhook.clientCA.configMap are both set: the authority is in one of them, leave the other out." -}}
{{- end -}}
{{- if and .names (not (or .secret .configMap)) -}}
{{- $wrong = append $wrong "webhook.clientCA.names is set without an authority that vouches for them: set webhook.clientCA.secret or webhook.clientCA.configMap." -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.port) (int .Values.healthPort) -}}
{{- $wrong = append $wrong (printf "port and healthPort are both %d: they need a port each." (int .Values.port)) -}}
{{- end -}}
{{- $set := dict "config" "config" "port" "port" "health-port" "healthPort" "client-ca-file" "webhook.clientCA" -}}
{{- range list "cert-secret" "lease" "tls-cert" "tls-key" -}}{{- $_ := set $set . "certificates" -}}{{- end -}}
{{- range $arg := .Values.extraArgs -}}
{{- with get $set (regexFind "^--[^=]+" . | trimPrefix "--") -}}
{{- $wrong = append $wrong (printf "extraArgs has %q, which the chart gives by itself: set %s instead." $arg .) -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.service.port) (int .Values.healthPort) -}}
{{- $wrong = append $wrong (printf "service.port and healthPort are both %d: the Service needs a port for each." (int .Values.healthPort)) -}}
{{- end -}}
{{- if and .Values.hostNetwork .Values.networkPolicy.enabled (or .Values.networkPolicy.webhookFrom .Values.networkPolicy.metricsFrom) -}}
{{- $wrong = append $wrong "hostNetwork is true, and networkPolicy.webhookFrom or networkPolicy.metricsFrom names who may call: a NetworkPolicy does not apply to Pods on the nodes' network. Leave those out and limit access where the nodes' firewall is set." -}}
{{- end -}}
{{- $drain := include "podscrape.drainSeconds" . | float64 -}}
{{- $end := addf $drain (include "podscrape.generated" . | fromJson).endSeconds -}}
{{- if gt $end (float64 .Values.terminationGracePeriodSeconds) -}}
{{- $wrong = append $wrong (printf "terminationGracePeriodSeconds is %d, and podscrape serves on for %v s (config.server.drainSeconds) before it begins to end: set it to %v or more." (int .Values.terminationGracePeriodSeconds) $drain $end) -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n  - %s" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end -}}

{{- define "podscrape.drainSeconds" -}}
{{- $server := (.Values.config | default dict).server | default dict -}}
{{- if hasKey $server "drainSeconds" -}}{{ $server.drainSeconds }}{{- else -}}{{ (include "podscrape.generated" . | fromJson).drainSeconds }}{{- end -}}
{{- end -}}
