# One image per exporter, each no more than the program, the libraries that it loads, the public CAs
# and a user: no shell, no package manager. Builds by docker build and by podman, on amd64 and arm64:
#   docker build --target geth_exporter -t stakewatch/geth_exporter .
# A later exporter is one more stage like that of beacon_exporter.

FROM debian:trixie-slim AS build
ENV DEBIAN_FRONTEND=noninteractive
WORKDIR /src
# Before the sources: installed anew only when the list of packages changes.
COPY scripts/install-packages.sh scripts/
RUN apt-get update -q \
  && apt-get install -y -q --no-install-recommends ca-certificates busybox-static \
  && scripts/install-packages.sh build \
  && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY common common
COPY exporters exporters
COPY actions actions
COPY tests tests
# The git commit that stakewatch_build_info tells; may be left out.
ARG REVISION=
RUN --mount=type=cache,target=/root/.cache/ccache \
  cmake --preset release -DSTAKEWATCH_REVISION="$REVISION" \
  && cmake --build --preset release --target exporters restart_hook stakewatch_sim \
  && strip build/release/bin/*_exporter build/release/bin/restart_hook build/release/bin/stakewatch_sim
# A root per program: it, its loader and libraries at their own paths, the CAs, and the user.
COPY scripts/image-root.sh scripts/
RUN for program in build/release/bin/*_exporter build/release/bin/restart_hook \
    build/release/bin/stakewatch_sim; do \
    scripts/image-root.sh "$program" "/roots/$(basename "$program")"; \
  done

FROM scratch AS geth_exporter
COPY --from=build /roots/geth_exporter /
LABEL org.opencontainers.image.title="geth_exporter" \
  org.opencontainers.image.description="Prometheus exporter for Geth and other execution clients" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19101
EXPOSE 19101
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/geth_exporter", "--health"]
ENTRYPOINT ["/usr/bin/geth_exporter"]

FROM scratch AS beacon_exporter
COPY --from=build /roots/beacon_exporter /
LABEL org.opencontainers.image.title="beacon_exporter" \
  org.opencontainers.image.description="Prometheus exporter for beacon nodes and their validators" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19102
EXPOSE 19102
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/beacon_exporter", "--health"]
ENTRYPOINT ["/usr/bin/beacon_exporter"]

FROM scratch AS supervisor_exporter
COPY --from=build /roots/supervisor_exporter /
LABEL org.opencontainers.image.title="supervisor_exporter" \
  org.opencontainers.image.description="Prometheus exporter for the validator supervisor" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19104
EXPOSE 19104
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/supervisor_exporter", "--health"]
ENTRYPOINT ["/usr/bin/supervisor_exporter"]

FROM scratch AS supervisord_exporter
COPY --from=build /roots/supervisord_exporter /
LABEL org.opencontainers.image.title="supervisord_exporter" \
  org.opencontainers.image.description="Prometheus exporter for Supervisor and its processes" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19105
EXPOSE 19105
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/supervisord_exporter", "--health"]
ENTRYPOINT ["/usr/bin/supervisord_exporter"]

FROM scratch AS jormungandr_exporter
COPY --from=build /roots/jormungandr_exporter /
LABEL org.opencontainers.image.title="jormungandr_exporter" \
  org.opencontainers.image.description="Prometheus exporter for Jormungandr nodes" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19103
EXPOSE 19103
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/jormungandr_exporter", "--health"]
ENTRYPOINT ["/usr/bin/jormungandr_exporter"]

FROM scratch AS computehorde_exporter
COPY --from=build /roots/computehorde_exporter /
LABEL org.opencontainers.image.title="computehorde_exporter" \
  org.opencontainers.image.description="Prometheus exporter for ComputeHorde validators" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19107
EXPOSE 19107
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/computehorde_exporter", "--health"]
ENTRYPOINT ["/usr/bin/computehorde_exporter"]

FROM scratch AS mina_exporter
COPY --from=build /roots/mina_exporter /
LABEL org.opencontainers.image.title="mina_exporter" \
  org.opencontainers.image.description="Prometheus exporter for the Mina uptime coordinator" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
ENV STAKEWATCH_WEB_LISTEN_ADDRESS=:19106
EXPOSE 19106
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/mina_exporter", "--health"]
ENTRYPOINT ["/usr/bin/mina_exporter"]

# It acts, and is in no profile of docker-compose.yaml. Its configuration, token and state folder are
# mounted: actions/restart_hook/README.md.
FROM scratch AS restart_hook
COPY --from=build /roots/restart_hook /
LABEL org.opencontainers.image.title="restart_hook" \
  org.opencontainers.image.description="Restarts programs through Supervisor for Alertmanager's webhooks" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
EXPOSE 19108
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/bin/restart_hook", "--health"]
ENTRYPOINT ["/usr/bin/restart_hook"]

# The simulated nodes of the profile `demo`. Faults are switched from inside, as the port for it is
# open to loopback alone; hence busybox.
FROM scratch AS simulator
COPY --from=build /roots/stakewatch_sim /
COPY --from=build /bin/busybox /usr/bin/busybox
LABEL org.opencontainers.image.title="stakewatch_sim" \
  org.opencontainers.image.description="Simulated Geth and beacon node of stakewatch, with faults" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["/usr/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8540/"]
ENTRYPOINT ["/usr/bin/stakewatch_sim"]

# The one-shot of docker-compose.yaml. Docker gives a new named volume the owner and mode of the
# folder that it covers in the image: so the volumes belong to the user of .env, and no container
# has to be root for a chown.
FROM debian:trixie-slim AS folders
RUN apt-get update -q \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends busybox-static \
  && rm -rf /var/lib/apt/lists/*
RUN for name in geth geth_ipc jwt prysm validator validators prometheus targets alertmanager \
    alertmanager_config loki grafana secrets tools; do \
    mkdir -p -m 0700 "/roots/volumes/$name"; \
  done \
  && mkdir -p /roots/init/bin /roots/init/usr/local/bin \
  && mkdir -m 1777 /roots/init/tmp \
  && cp /bin/busybox /roots/init/bin/ \
  && for name in sh awk cat chmod head mkdir date grep id ls mv od rm sed seq sleep stat tr wget; do \
    ln -s busybox "/roots/init/bin/$name"; \
  done
COPY scripts/stack-init.sh /roots/init/usr/local/bin/stack-init

FROM scratch AS init
ARG STAKEWATCH_UID=65532
ARG STAKEWATCH_GID=65532
COPY --from=folders /roots/init /
COPY --from=folders --chown=${STAKEWATCH_UID}:${STAKEWATCH_GID} /roots/volumes /volumes
LABEL org.opencontainers.image.title="stakewatch_init" \
  org.opencontainers.image.description="First start of the stakewatch stack: secrets and volumes" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
USER ${STAKEWATCH_UID}:${STAKEWATCH_GID}
ENTRYPOINT ["/bin/sh", "/usr/local/bin/stack-init"]
