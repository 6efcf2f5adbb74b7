# Dependabot proposes the newer digests.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# Everything comes as a wheel; a missing one has to fail here, not call for a compiler.
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-postgres.txt ./
RUN pip install --only-binary=:all: --require-hashes -r ${REQUIREMENTS}

COPY bot bot
COPY cogs cogs
# Compiled once: the file system may be read-only later.
RUN python -m compileall -q bot cogs \
    && useradd --system --uid 10001 --no-create-home bot \
    && install -d -o bot -g bot /app/data

USER bot
VOLUME /app/data
ENTRYPOINT ["python", "-m", "bot"]
