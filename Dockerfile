# The server in an image of its own. Build and run: docs/containers.md.

# A tag of the major version: security fixes of the base come in with a new build. Give a digest (name@sha256:…) for builds that are the same for ever.
ARG NODE_IMAGE=node:24-bookworm-slim

# Everything that is needed to compile; nothing of it but the results goes on.
FROM ${NODE_IMAGE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/grape
# Packages change more seldom than sources: a layer of their own. Their install scripts compile the native parts; the package's own
# script (prepare) would need the sources.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund \
    && npm rebuild --foreground-scripts hnswlib-node usearch classic-level
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY proto proto
COPY src src
# By the image's Node, not the one that is a development dependency.
RUN /usr/local/bin/node scripts/build.ts \
    && chmod 755 dist/main.js dist/cli/main.js \
    && find dist -name '*.d.ts' -delete \
    && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    # Sources and objects of native packages; the compiled modules stay.
    && find node_modules -type d \( -name obj.target -o -name .deps \) -prune -exec rm -rf {} +

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Grape" \
      org.opencontainers.image.description="Distributed vector database server" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
RUN groupadd --system --gid 10001 grape \
    && useradd --system --uid 10001 --gid grape --home-dir /data --no-create-home --shell /usr/sbin/nologin grape \
    && install -d -o grape -g grape /data \
    && install -d /app \
    && ln -s /opt/grape/dist/main.js /usr/local/bin/grape-vector-db-server \
    && ln -s /opt/grape/dist/cli/main.js /usr/local/bin/grape
COPY --from=build /opt/grape/package.json /opt/grape/
COPY LICENSE /opt/grape/
COPY --from=build /opt/grape/proto /opt/grape/proto
COPY --from=build /opt/grape/node_modules /opt/grape/node_modules
COPY --from=build /opt/grape/dist /opt/grape/dist
# What runs where no other file is mounted over it: one node.
COPY containers/single.toml /app/config.toml
COPY containers/entrypoint.sh /usr/local/bin/grape-entrypoint
# A file that names no data_dir means `data` in the working directory: that is the volume.
WORKDIR /
VOLUME /data
# REST, gRPC, metrics, and the port between nodes.
EXPOSE 6333 6334 9090 7000
# Where REST has another port or TLS, GRAPE_HEALTH_URL says where to ask.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(process.env.GRAPE_HEALTH_URL || 'http://127.0.0.1:6333/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The entrypoint gives way to the server, which is process 1, takes SIGTERM itself and ends in order.
STOPSIGNAL SIGTERM
ENTRYPOINT ["grape-entrypoint"]
CMD ["grape-vector-db-server", "--config", "/app/config.toml"]
