# One image for every role: `penstock api`, `penstock worker --queues ai`, `penstock db upgrade`.

FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements requirements
RUN python -m venv /opt/penstock
RUN /opt/penstock/bin/pip install --no-cache-dir --require-hashes -r requirements/prod.txt
RUN python -m venv /opt/build
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY core core
COPY migrations migrations
COPY plugins plugins
RUN for member in core plugins/*; do \
      (cd "$member" && /opt/build/bin/python -m hatchling build -t wheel -d /opt/wheels) || exit 1; \
    done
RUN /opt/penstock/bin/pip install --no-cache-dir --no-deps --no-index /opt/wheels/*.whl

FROM python:3.13-slim
RUN groupadd --gid 10001 penstock \
    && useradd --uid 10001 --gid 10001 --create-home penstock \
    && install --directory --owner=penstock --group=penstock /var/lib/penstock
COPY --from=build /opt/penstock /opt/penstock
ENV PATH=/opt/penstock/bin:$PATH \
    PENSTOCK_DATA_DIR=/var/lib/penstock \
    PENSTOCK_HOST=0.0.0.0 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/penstock
VOLUME /var/lib/penstock
EXPOSE 8000
# No shell in between: SIGTERM reaches the process, which drains.
ENTRYPOINT ["penstock"]
CMD ["api"]
