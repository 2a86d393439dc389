# The image of the container job: Redimento, git, and an account for the team's own commands.
# Build it on the image that has your toolchain: --build-arg BASE=... (Debian or Ubuntu, Python 3.11 or newer with venv).
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
# Without bytecode here: builders round the times of copied files, and Python then takes two fifths of it for stale and
# compiles at every start (1.04 s instead of 0.76 s). Checked by hash instead of time, below, it stays valid.
RUN python3 -m venv /opt/venv && python3 -m venv /opt/tools \
 && /opt/venv/bin/pip install --no-cache-dir --no-compile --no-deps --require-hashes -r requirements.lock \
 && /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock
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
# The agent runs groupadd, useradd and usermod in the container before it drops to its own account.
# hadolint ignore=DL3002,DL3066
USER root
# The account has no password and no group but its own: sudo leads from the agent's account to it, never back.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bash ca-certificates git passwd sudo \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --shell /usr/sbin/nologin redimento-checks
COPY --from=build /opt/venv /opt/venv
# Only the command, not the folder: a check that says `python` or `pip` means those of the base image.
RUN ln -s /opt/venv/bin/redimento /usr/local/bin/redimento
