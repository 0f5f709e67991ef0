# evolve/python:3 where a registry can be reached; build.sh makes the same without one.
# docker build -t evolve/python:3 - <sandboxes/images/python.Dockerfile
FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        python3 python3-numpy \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
ENV LANG=C.UTF-8
# Tells build.sh to leave this image alone.
LABEL evolve.content=dockerfile
CMD ["python3"]
