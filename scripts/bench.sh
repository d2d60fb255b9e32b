#!/usr/bin/env bash
# Our exporters and their like written in Go, side by side on the same simulated node. What is
# measured and how: docs/performance.md.
#   scripts/bench.sh [flags of tests/bench/bench.py, as --pairs 9 or --only own-keys]
#   scripts/bench.sh validator-set [flags of tests/bench/validator_set.py, as --turns 5]
#   scripts/bench.sh mina [flags of tests/bench/mina.py]    (MINA_BENCH_DAYS=90: 4 GB)
# Without any, all of them.
# A Go is fetched into $STAKEWATCH_CACHE (~/.cache/stakewatch) where the machine's own is too old.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build

go_oldest=1.24  # What tests/bench/peer-go/go.mod asks for.
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
go=go
version=$(GOTOOLCHAIN=local go env GOVERSION 2> /dev/null || echo go0)
if [[ $(printf '%s\n%s\n' "$go_oldest" "${version#go}" | sort -V | head -n1) != "$go_oldest" ]]; then
  go=$cache/go/bin/go
  [[ -x $go ]] || scripts/go_toolchain.py "$cache/go"
fi

if [[ ${1:-} == mina ]]; then
  scripts/install-packages.sh demo
  scripts/build.sh release mina_exporter
  exec python3 -B tests/bench/mina.py --bin build/release/bin "${@:2}"
fi

scripts/build.sh release geth_exporter beacon_exporter stakewatch_sim validator_set_bench
echo "Building the Go peers with $("$go" version)"
for peer in peer-go peer-beacon-go validator-set-go; do
  (cd "tests/bench/$peer" && GOTOOLCHAIN=local "$go" build -mod=readonly -o "../../../build/release/bin/$peer" .)
done
validator_set=(python3 -B tests/bench/validator_set.py --bin build/release/bin)
if [[ ${1:-} == validator-set ]]; then
  exec "${validator_set[@]}" "${@:2}"
fi
python3 -B tests/bench/bench.py --bin build/release/bin "$@"
(( $# )) || { "${validator_set[@]}" && scripts/bench.sh mina; }
