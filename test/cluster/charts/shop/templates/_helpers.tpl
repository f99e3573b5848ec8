{{- define "shop.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* Written on Windows. */ -}}
{{- define "shop.agent" -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
  namespace: {{ .Release.Namespace }}
spec:
  selector:
    matchLabels:
      app: agent
  template:
    metadata:
      labels:
        app: agent
      annotations:
        podscrape.dev/profile: node   # one on each node
    spec:
      containers:
      - name: agent
        image: "{{ .Values.image }}:1"
        command:
        - sh
        - -c
        - |
          while true; do
            sleep 60
          done
{{- end -}}
