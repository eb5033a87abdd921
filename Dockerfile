# One image for web and worker: `docker run … saleor-points web`, `… worker`, or `… run` for both at once.
# Build: docker build -t saleor-points .

# A release names its base by digest, so that a later build is the same: --build-arg BASE=python:3.13-slim@sha256:…
# `docker buildx imagetools inspect python:3.13-slim` prints the newest one. Renew it with each release.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/saleor-points
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN /opt/venv/bin/python -m pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY manifest ./manifest
COPY migrations ./migrations
RUN /opt/venv/bin/python -m pip install --no-deps --no-build-isolation .
# What only builds stays behind.
RUN /opt/venv/bin/python -m pip uninstall --yes hatchling editables pathspec pluggy trove-classifiers pip

FROM ${BASE}
# The app's own user owns its data and nothing else.
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin points \
    && install --directory --owner points --group points --mode 0700 /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=3000 \
    LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 3000
# Python's own client, since the slim image has no curl. A worker has no port: there, switch the check off (--no-healthcheck).
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=4)"]
ENTRYPOINT ["saleor-points"]
CMD ["run"]
