# evolve/native:1 where a registry can be reached; build.sh makes the same without one.
# docker build -t evolve/native:1 - <sandboxes/images/native.Dockerfile
# With Debian's Rust: --build-arg RUST="rustc cargo"
FROM debian:bookworm-slim
ARG RUST=
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        python3 python3-numpy gcc g++ libc6-dev make $RUST \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
ENV LANG=C.UTF-8
# Tells build.sh to leave this image alone.
LABEL evolve.content=dockerfile
CMD ["python3"]
