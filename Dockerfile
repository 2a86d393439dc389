# The image of the container job: Redimento, git, and an account that runs the team's commands.
# Build it on an image with your toolchain: --build-arg BASE=... (Debian or Ubuntu, Python 3.11 or newer with venv).
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
# The locks are the whole truth: nothing is resolved, and `pip check` proves that nothing is missing.
# No bytecode yet: builders round the times of copied files, so Python considers two fifths of it stale and compiles at
# every start (1.04 s instead of 0.76 s). The bytecode below is validated by hash, not by time.
RUN python3 -m venv /opt/venv && python3 -m venv /opt/tools \
 && /opt/venv/bin/pip install --no-cache-dir --no-compile --no-deps --require-hashes -r requirements.lock \
 && /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock \
 && /opt/tools/bin/pip check
COPY pyproject.toml README.md LICENSE ./
COPY templates templates
COPY src/redimento src/redimento
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/venv/bin/pip install --no-index --no-deps --no-compile dist/*.whl \
 && /opt/venv/bin/pip check \
 && /opt/venv/bin/pip uninstall --yes --quiet setuptools pip \
 && find /opt/venv -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/venv/bin/python -m compileall -q -j 2 --invalidation-mode unchecked-hash /opt/venv/lib

# hadolint ignore=DL3006
FROM ${BASE}
# The agent runs groupadd, useradd and usermod in the container before it switches to its own account.
# hadolint ignore=DL3002,DL3066
USER root
# The account has no password and only its own group: sudo works from the agent's account to this one, never back.
# Its number is fixed, in a range that neither Debian nor systemd gives out: `--system` would take 999, which may be the
# agent's own on its host. Below 65536, or a rootless engine could not map it.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bash ca-certificates git passwd sudo \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 61000 redimento-checks \
 && useradd --uid 61000 --gid 61000 --no-log-init --create-home --shell /usr/sbin/nologin redimento-checks
COPY --from=build /opt/venv /opt/venv
# Only the command, not its folder: a check that runs `python` or `pip` means those of the base image.
RUN ln -s /opt/venv/bin/redimento /usr/local/bin/redimento
