#!/usr/bin/env bash
# `make test-real`: our exporters beside a real Geth and Supervisor, Prometheus and Alertmanager, all on
# loopback.
#   scripts/test-real.sh [pytest's arguments]
# Geth is built with Go once and kept in $STAKEWATCH_CACHE (~/.cache/stakewatch). STAKEWATCH_BIN:
# where the programs are; given, nothing is built but Geth. STAKEWATCH_GO_JOBS: threads that build
# it (2).
set -euo pipefail
cd "$(dirname "$0")/.."

geth_version=1.17.3
go_oldest=1.24  # What its go.mod asks for.
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
geth=$cache/bin/geth-$geth_version
jobs=${STAKEWATCH_GO_JOBS:-2}

new_enough() {
  local version
  version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  version=${version#go}
  [[ $version && $(printf '%s\n%s\n' "$go_oldest" "$version" | sort -V | head -n1) == "$go_oldest" ]]
}

# Sets `go`: the machine's own, or one of ours. Debian 12 has 1.19.
find_go() {
  for go in go "$cache/go/bin/go"; do
    ! new_enough "$go" || return 0
  done
  scripts/go_toolchain.py "$cache/go"
  new_enough "$go"
}

build_geth() {
  local made
  made=$(mktemp -d "$cache/bin/geth.XXXXXX")
  trap 'rm -rf "$made"' RETURN
  find_go
  echo "Building Geth $geth_version with $("$go" env GOVERSION) and $jobs threads; this takes some minutes, once …"
  env -u GOROOT -u GOFLAGS GOTOOLCHAIN=local GOBIN="$made" GOMAXPROCS="$jobs" \
    nice "$go" install -p "$jobs" "github.com/ethereum/go-ethereum/cmd/geth@v$geth_version"
  mv "$made/geth" "$geth"
}

bin=${STAKEWATCH_BIN:-}
if [[ -z $bin ]]; then
  scripts/install-packages.sh real
  scripts/build.sh release geth_exporter supervisord_exporter
  bin=$PWD/build/release/bin
fi

mkdir -p "$cache/bin"
exec 9>"$cache/bin/.lock"
flock 9  # Two runs build it once.
[[ -x $geth ]] || build_geth
exec 9>&-
"$geth" version | sed -n '2,4p'

export STAKEWATCH_BIN=$bin STAKEWATCH_GETH=$geth
# Slow setups are as much of the time as the tests; the closing line has the sum.
python3 -m pytest -q -p no:cacheprovider -rs --durations=8 "$@" tests/real
