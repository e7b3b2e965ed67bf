# Allison in a container. One image builds the executable; the final image has the executable and no build tools.
#
#   docker build -t allison .
#   docker run -d --name allison -p 127.0.0.1:8080:8080 -v allison:/data allison
#   docker exec allison allison keys create --name first --scope write
#
# --build-arg BUILD_IMAGE=... accepts any image with npm and glibc, RUN_IMAGE=... any image with glibc.
ARG BUILD_IMAGE=node:22-bookworm-slim
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
# Bun and the packages come first: Docker caches this layer until one of these files changes.
COPY package.json bun.lock bunfig.toml ./
COPY scripts/setup scripts/setup
RUN scripts/setup
COPY . .
RUN scripts/build

FROM ${RUN_IMAGE}
COPY --from=build /build/dist/allison /usr/local/bin/allison
# The user id is fixed, so files on a volume keep their owner when the image is rebuilt.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin allison \
  && install -d -o allison -g allison -m 0700 /data
USER 10001:10001
WORKDIR /data
# A container's loopback address cannot be reached from outside, so the server listens on all addresses.
ENV ALLISON_DATA=/data ALLISON_HOST=0.0.0.0
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["allison", "health"]
ENTRYPOINT ["allison"]
CMD ["serve"]
