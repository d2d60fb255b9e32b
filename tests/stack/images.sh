#!/usr/bin/env bash
# The images of docker-compose.yaml under the names and tags that users pull, for machines that reach
# no image registry: Debian by debootstrap, the programs by programs.sh, each at the path and with
# the entry point of the real image. Grafana and Prysm come by no registry that is reached: they are
# not made, and compose.test.yaml leaves them out.
#   tests/stack/images.sh               all, with our own from the Dockerfile
# Wants DOCKER_HOST set. An image that is there is not made anew; ours are, by Docker's cache.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
bin=$cache/stack/bin
work=$(mktemp -d "$cache/stack/images.XXXXXX")
trap 'rm -rf "$work"' EXIT

there() { docker image inspect "$1" >/dev/null 2>&1; }

# stand_in TAG: a Dockerfile on standard input, $work is its context.
stand_in() {
  there "$1" && { cat > /dev/null; return; }
  echo "Making $1 …"
  DOCKER_BUILDKIT=0 docker build -q -t "$1" -f - "$work" > /dev/null
}

put() { cp -l "$1" "$work/$2" 2>/dev/null || cp "$1" "$work/$2"; }

if ! there debian:trixie-slim; then
  docker import -c 'CMD ["bash"]' "$(scripts/debian-root.sh)" debian:trixie-slim > /dev/null
fi

# What Alpine and the Prometheus project's images have of tools.
stand_in stakewatch-test/busybox <<'END'
FROM debian:trixie-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends busybox-static \
  && rm -rf /var/lib/apt/lists/* && ln -s busybox /bin/wget
END

put "$bin/geth-1.17.3" geth
stand_in ethereum/client-go:v1.17.3 <<'END'
FROM stakewatch-test/busybox
COPY geth /usr/local/bin/geth
ENTRYPOINT ["geth"]
END

put "$bin/prometheus-3.15.0" prometheus
stand_in prom/prometheus:v3.15.0 <<'END'
FROM stakewatch-test/busybox
COPY prometheus /bin/prometheus
RUN mkdir -p /etc/prometheus /prometheus && chown nobody /prometheus
USER nobody
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
END

# The program itself, without its web pages, which the Go module lacks.
put "$bin/alertmanager-0.34.2" alertmanager
there prom/alertmanager:v0.34.2 && ! docker run --rm prom/alertmanager:v0.34.2 --version 2>&1 |
  grep -qF 'version 0.34.2' && docker image rm -f prom/alertmanager:v0.34.2 > /dev/null  # An older stand-in.
stand_in prom/alertmanager:v0.34.2 <<'END'
FROM stakewatch-test/busybox
COPY alertmanager /bin/alertmanager
RUN mkdir -p /etc/alertmanager /alertmanager && chown nobody /alertmanager
USER nobody
WORKDIR /alertmanager
ENTRYPOINT ["/bin/alertmanager"]
CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]
END

put "$bin/node_exporter-1.12.1" node_exporter
stand_in prom/node-exporter:v1.12.1 <<'END'
FROM stakewatch-test/busybox
COPY node_exporter /bin/node_exporter
USER nobody
ENTRYPOINT ["/bin/node_exporter"]
END

# No shell in these two, as in the real ones.
put "$bin/loki-3.7.8" loki
stand_in grafana/loki:3.7.8 <<'END'
FROM scratch
COPY loki /usr/bin/loki
USER 10001
ENTRYPOINT ["/usr/bin/loki"]
CMD ["-config.file=/etc/loki/local-config.yaml"]
END

put "$bin/otelcol-0.149.0" otelcol-contrib
stand_in otel/opentelemetry-collector-contrib:0.149.0 <<'END'
FROM scratch
COPY otelcol-contrib /otelcol-contrib
USER 10001
ENTRYPOINT ["/otelcol-contrib"]
CMD ["--config", "/etc/otelcol-contrib/config.yaml"]
END
