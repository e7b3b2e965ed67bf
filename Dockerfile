# Allison in a container: built in one image, run in another that holds the executable and nothing of the build.
#
#   docker build -t allison .
#   docker run -d --name allison -p 127.0.0.1:8080:8080 -v allison:/data allison
#   docker exec allison allison keys create --name first --scope write
#
# Any image with npm and glibc builds it, and any image with glibc runs it (--build-arg BUILD_IMAGE=... RUN_IMAGE=...).
ARG BUILD_IMAGE=node:22-bookworm-slim
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
# Bun and the packages first: this layer is kept until one of these files changes.
COPY package.json bun.lock bunfig.toml ./
COPY scripts/setup scripts/setup
RUN scripts/setup
COPY . .
RUN scripts/build

FROM ${RUN_IMAGE}
COPY --from=build /build/dist/allison /usr/local/bin/allison
# The user's number is fixed, so that the files on a volume keep their owner from one image to the next.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin allison \
  && install -d -o allison -g allison -m 0700 /data
USER 10001:10001
WORKDIR /data
# A container's loopback cannot be reached from outside it, so it listens on every address of its own.
ENV ALLISON_DATA=/data ALLISON_HOST=0.0.0.0
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["allison", "health"]
ENTRYPOINT ["allison"]
CMD ["serve"]
