# The image of the container job: Redimento with a Python of its own, git, and an account that runs the team's commands.
# Build it on an image with your toolchain: --build-arg BASE=... It needs glibc and bash, and apt, or git 2.38 and sudo.
ARG BASE=python:3.12-slim
# Where the Python comes from, and the one digest: `docker buildx imagetools inspect debian:bookworm-slim` says today's.
ARG PYTHON=debian:bookworm-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587

FROM ${PYTHON} AS dependencies
# hadolint ignore=DL3005,DL3008,DL3009
RUN apt-get update \
 && apt-get upgrade --yes \
 && apt-get install --yes --no-install-recommends binutils patchelf python3-venv
WORKDIR /build
COPY requirements.lock image/own_python ./
# The locks are the whole truth: nothing is resolved, and `pip check` proves that nothing is missing. Then goes what only
# a part of a library uses that we do not: 35 MB. `make image-test` runs the program without it.
RUN python3 -m venv /opt/redimento \
 && /opt/redimento/bin/pip install --no-cache-dir --no-compile --no-deps --require-hashes -r requirements.lock \
 && /opt/redimento/bin/pip check \
 && /opt/redimento/bin/pip uninstall --yes --quiet \
    cryptography cffi pycparser pyasn1 pyasn1-modules pygments setuptools pip \
 && find /opt/redimento -type d \( -name test -o -name tests -o -path '*/genai/_gaos' -o -path '*/pydantic/v1' \
    -o -path '*/websockets/legacy' -o -path '*/websockets/sync' -o -path '*/websockets/trio' \
    -o -path '*/google/oauth2' -o -path '*/google/auth/compute_engine' \) -prune -exec rm -rf {} + \
 && rm /opt/redimento/lib/python3*/site-packages/anyio/_backends/_trio.py /opt/redimento/lib/python3*/site-packages/pydantic/mypy.py \
 && find /opt/redimento -name METADATA -exec sed -i '/^$/,$d' {} + \
 && ./own_python /opt/redimento \
# Bytecode alone, and validated by nothing: builders round the times of copied files, so Python would compile two fifths
# of it at every start. All times are one, so that the layer is the same wherever it is built.
 && find /opt/redimento -name __pycache__ -prune -exec rm -rf {} + \
 && export PYTHONHASHSEED=0 \
 && python3 -m compileall -b -q --invalidation-mode unchecked-hash /opt/redimento/lib \
# Python's own modules without docstrings, for which Python itself is tested.
 && python3 -m compileall -b -q -o 2 --invalidation-mode unchecked-hash /opt/redimento/python/lib \
 && find /opt/redimento \( -name '*.py' -o -name '*.pyi' -o -name RECORD \) -delete \
 && mkdir -p /image/opt \
 && mv /opt/redimento /image/opt \
 && find /image -exec touch --no-dereference --date=@315532800 {} +

FROM dependencies AS product
COPY requirements-build.lock ./
RUN python3 -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock \
 && /opt/tools/bin/pip check
COPY pyproject.toml README.md LICENSE image/sbom.py ./
COPY templates templates
COPY src/redimento src/redimento
RUN packages=$(echo /image/opt/redimento/lib/python3*/site-packages) \
 && packages=/product/${packages#/image/} \
 && /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/tools/bin/pip install --no-index --no-deps --no-compile --target "$packages" dist/*.whl \
 && rm -rf "${packages:?}/bin" \
 && sed -i '/^$/,$d' "$packages"/*.dist-info/METADATA \
 && PYTHONHASHSEED=0 python3 -m compileall -b -q -s /product -p / --invalidation-mode unchecked-hash /product \
# A plugin is read as text: the team's pytest runs it.
 && find /product \( -name '*.py' -not -name '*_plugin.py' -o -name RECORD \) -delete \
# -I: PYTHONHOME and PYTHONPATH of the base are those of the team's Python.
 && mkdir -p /product/opt/redimento/bin \
 && printf '#!/opt/redimento/bin/python3 -I\nimport sys\nfrom redimento.cli import main\nsys.exit(main())\n' >/product/opt/redimento/bin/redimento \
 && chmod 755 /product/opt/redimento/bin/redimento \
 && python3 sbom.py "$packages" /image/opt/redimento /product/opt/redimento/sbom.cdx.json \
 && find /product -exec touch --no-dereference --date=@315532800 {} +

# hadolint ignore=DL3006
FROM ${BASE}
ARG BASE
ARG REVISION
LABEL org.opencontainers.image.title="Redimento" \
      org.opencontainers.image.description="Turns an Azure DevOps work item into one verified pull request." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.revision="${REVISION}"
# The agent runs groupadd, useradd and usermod in the container before it switches to its own account, and keeps the
# container alive with a command of its own.
# hadolint ignore=DL3002,DL3066
USER root
ENTRYPOINT []
COPY image/prepare_base /tmp/
RUN /bin/sh /tmp/prepare_base && rm /tmp/prepare_base
COPY --from=dependencies /image /
# A change of our code is a change of this layer alone.
COPY --from=product /product /
# Only the command, not its folder: a check that runs `python` or `pip` means those of the base image.
RUN ln -s /opt/redimento/bin/redimento /usr/local/bin/redimento
