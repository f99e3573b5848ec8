# The image of podscrape: one bundled file on Node without a shell, UID 65532. It writes nothing: run it read-only.
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" -t podscrape .
# Releases give both base images by digest, and a mirror goes the same way.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG RUN_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

# The bundle is the same for every architecture, so it is built once, on that of the builder.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package's install script runs: esbuild's program comes as a package of its own, and Node is in the image.
RUN npm ci --ignore-scripts
COPY scripts/build.ts scripts/notices.ts scripts/
COPY src src
RUN node scripts/build.ts

FROM ${RUN_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="podscrape" \
      org.opencontainers.image.description="Kubernetes mutating admission webhook that makes Pods scrapeable by Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY LICENSE ./
COPY --from=build /src/dist/ ./
# In numbers, so that a kubelet with runAsNonRoot knows that it is not root.
USER 65532:65532
EXPOSE 8443 8080
ENV NODE_ENV=production
ENTRYPOINT ["/nodejs/bin/node", "/app/podscrape.js"]
CMD ["serve"]
