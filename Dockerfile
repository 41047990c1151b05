# Four images: backend (web processes, relay, migrations), worker, nginx with the static files, and
# files, a small S3 server for those who have none.
#
#   docker compose build        builds all of them
#
# A fifth, worker-diffusion, is for machines with an NVIDIA GPU: docs/gpu.md.
#
# Nothing secret is needed to build, and nothing secret is in them.

FROM python:3.11-slim-trixie AS python
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --home-dir /app --no-create-home app
WORKDIR /app


# --- Packages: exact versions, each file checked against its hash ---------------------------------

FROM python AS backend-packages
COPY requirements/backend.txt requirements/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-deps --require-hashes -r requirements/backend.txt

FROM python AS worker-packages
COPY requirements/worker.txt requirements/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-deps --require-hashes -r requirements/worker.txt

FROM python AS worker-diffusion-packages
# The other lock, worker-diffusion.txt, has torch's build for CPUs: a third of the size, for trials.
# That build is not on PyPI, so one of the other two says where it is.
ARG DIFFUSION_LOCK=worker-diffusion-cuda.txt
ARG PIP_EXTRA_INDEX_URL=
ARG PIP_FIND_LINKS=
COPY requirements/${DIFFUSION_LOCK} requirements/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-deps --require-hashes -r requirements/${DIFFUSION_LOCK}

FROM python AS files-packages
COPY requirements/files.txt requirements/
RUN python -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-deps --require-hashes -r requirements/files.txt


# --- Web processes, relay, migrations -------------------------------------------------------------

FROM python AS backend
# pg_dump and pg_restore, for manage.py restore_drill.
RUN apt-get update && \
    apt-get install -y --no-install-recommends postgresql-client && \
    rm -rf /var/lib/apt/lists/*
COPY --from=backend-packages /opt/venv /opt/venv
COPY manage.py gunicorn.conf.py ./
COPY pictures pictures
COPY words words
COPY protocol protocol
COPY provenance provenance
COPY config config
COPY serving serving
COPY speed speed
COPY app app
COPY web web
# No secret exists while an image is built, so these are development's settings. The second page of
# the API's documents that drf-spectacular-sidecar brings is nobody's here: half of all bytes.
RUN DJANGO_ENV=development DJANGO_SETTINGS_MODULE=config.settings_static \
    python manage.py collectstatic --no-input --ignore=redoc --verbosity=0 && \
    install --directory --owner=app --group=app /app/data /app/certificates
ENV DJANGO_SETTINGS_MODULE=config.settings_production
USER app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-m", "serving.healthcheck"]
CMD ["python", "-m", "serving"]


# --- AI workers: one without GPU, one for GPUs ----------------------------------------------------

FROM scratch AS worker-code
COPY pictures pictures
COPY words words
COPY protocol protocol
COPY provenance provenance
COPY worker worker

FROM python AS worker-system
# Artists sign with any name; these fonts know the letters of most of them.
RUN apt-get update && \
    apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk && \
    rm -rf /var/lib/apt/lists/* && \
    install --directory --owner=app --group=app /app/work
# Reports that could not be delivered lie here, so it should be a volume.
ENV WORKER_DIR=/app/work

FROM worker-system AS worker
COPY --from=worker-packages /opt/venv /opt/venv
COPY --from=worker-code / ./
USER app
CMD ["python", "-m", "worker"]

FROM worker-system AS worker-diffusion
# Base models, many gigabytes, which the download command fills in: it should be a volume.
RUN install --directory --owner=app --group=app /app/models
ENV DIFFUSION_MODELS=/app/models \
    WORKER_ENGINE=diffusion
COPY --from=worker-diffusion-packages /opt/venv /opt/venv
COPY --from=worker-code / ./
USER app
CMD ["python", "-m", "worker"]


# --- S3 server for one machine --------------------------------------------------------------------

FROM python AS files
COPY --from=files-packages /opt/venv /opt/venv
RUN install --directory --owner=app --group=app /app/objects
USER app
EXPOSE 9000
CMD ["python", "-m", "nanio", "serve", "--host", "0.0.0.0", "--port", "9000", \
     "--data-dir", "/app/objects", "--no-access-log"]


# --- nginx with the static files of this version --------------------------------------------------

# Its master needs port 80 and gives up root in the processes that serve.
FROM nginx:1.28 AS nginx
COPY --from=backend /app/staticfiles /app/staticfiles
COPY nginx/conf.d/default.conf /etc/nginx/conf.d/default.conf
COPY nginx/files.conf /etc/nginx/files.conf
# The base image runs what is in this folder at each start.
COPY nginx/upstreams.sh /docker-entrypoint.d/40-upstreams.sh
EXPOSE 80 443
