# One service, from the built workspace (`npm ci && npm run build`, on the platform of the image):
#
#   docker build -f infra/docker/service.Dockerfile --build-arg SERVICE=lifter -t heavylift/lifter:VERSION .
#
# SERVICE is dispatcher, lifter or notifier; `cli` makes an image of the command `heavylift`. BASE is best named with its
# digest, `node:20-slim@sha256:...`: a tag is whatever its owner makes of it tomorrow. docs/deploying.md says where to get it.
ARG BASE=node:20-slim

FROM ${BASE} AS files
LABEL org.heavylift.stage=files
WORKDIR /workspace
COPY . .
ARG SERVICE
RUN node infra/docker/dist/main.js "$SERVICE" /app \
 && cp infra/docker/dist/healthcheck.mjs /app/

FROM ${BASE}
COPY --from=files /app /app
WORKDIR /app
# Health and metrics on the container's own loopback, unless HEALTH_HOST says otherwise.
ENV NODE_ENV=production HEALTH_PORT=9464
# Nobody in particular: the files belong to root and are not written to, so the root file system can be read-only.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
ENTRYPOINT ["node", "--enable-source-maps", "/app/service/dist/main.js"]
