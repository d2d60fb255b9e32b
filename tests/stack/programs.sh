#!/usr/bin/env bash
# Builds the Go programs of the stack from the Go module proxy, for machines that reach no image
# registry, and Geth for scripts/test-real.sh. Each is built once, one after the other, into
# $STAKEWATCH_CACHE/stack/bin/<name>-<version> (~/.cache/stakewatch).
#   tests/stack/programs.sh [name…]      all of them without a name; prints where they are
# STAKEWATCH_GO_JOBS: threads of a build (2).
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
bin=$cache/stack/bin
jobs=${STAKEWATCH_GO_JOBS:-2}
go_oldest=1.26.0  # Of the programs below, what the newest asks for.

# name version module package tags
programs="
compose 2.40.3 github.com/docker/compose/v2 github.com/docker/compose/v2/cmd -
geth 1.17.3 github.com/ethereum/go-ethereum github.com/ethereum/go-ethereum/cmd/geth -
prometheus 3.15.0 github.com/prometheus/prometheus@v0.315.0 github.com/prometheus/prometheus/cmd/prometheus remove_all_sd
node_exporter 1.12.1 github.com/prometheus/node_exporter github.com/prometheus/node_exporter -
loki 3.7.8 github.com/grafana/loki/v3 github.com/grafana/loki/v3/cmd/loki -
otelcol 0.149.0 - - -
alertmanager 0.34.2 - - -
amtool 0.34.2 - - -
"

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

# Programs without libc, which run in any image. All with the same flags, so that what they have in
# common, Go's own library first of all, is compiled once.
with_go() {
  env -u GOROOT CGO_ENABLED=0 GOTOOLCHAIN=local GOMAXPROCS="$jobs" \
    GOFLAGS="-mod=mod -trimpath -p=$jobs" PATH="$(dirname "$(command -v "$go")"):$PATH" "$@"
}
run_go() { with_go "$go" "$@"; }

# A program as its own module builds it: a module of ours that asks for it and repeats its replaces
# and excludes, which Go heeds in the main module alone. A replace by a folder cannot be repeated.
build_module() {
  local module=$1 version=$2 package=$3 tags=$4 to=$5
  if [[ $module == *@* ]]; then version=${module#*@} module=${module%@*}; else version=v$version; fi
  local found
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  found=$(cd "$work" && run_go mod download -json "$module@$version" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
  cp "$found" "$work/theirs.mod"
  (
    cd "$work"
    run_go mod edit -json theirs.mod | python3 -c '
import json, sys
mod = json.load(sys.stdin)
print("module stakewatch/stack")
print("go", mod["Go"])
print("require", *sys.argv[1:])
for one in mod.get("Replace") or []:
    old, new = one["Old"], one["New"]
    if new.get("Version"):
        print("replace", old["Path"], old.get("Version", ""), "=>", new["Path"], new["Version"])
for one in mod.get("Exclude") or []:
    print("exclude", one["Path"], one["Version"])' "$module" "$version" > go.mod
    run_go build -tags "${tags#-}" -o made \
      -ldflags "-s -w ${LDFLAGS:-}" "$package"
  )
  mv "$work/made" "$to"
}

# The collector is put together by its own builder, from the parts that our configuration names.
build_otelcol() {
  local version=$1 to=$2
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  GOBIN=$work/builder run_go install "go.opentelemetry.io/collector/cmd/builder@v$version"
  cp tests/stack/otelcol-builder.yaml "$work/builder.yaml"
  (cd "$work" && with_go builder/builder --config builder.yaml)
  mv "$work/dist/otelcol-contrib" "$to"
}

# The module lacks its web pages, which are made with Node; an empty one is in their place.
build_alertmanager() {
  local name=$1 version=$2 to=$3 found
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  found=$(cd "$work" && run_go mod download -json "github.com/prometheus/alertmanager@v$version" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  cp -r --no-preserve=mode "$found" "$work/module"
  mkdir -p "$work/module/ui/app/dist"
  echo '<!doctype html><title>Alertmanager without its pages</title>' > "$work/module/ui/app/dist/index.html"
  (cd "$work/module" && run_go build -o ../made \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=$version" "./cmd/$name")
  mv "$work/made" "$to"
}

build() {
  local name=$1 version=$2 module=$3 package=$4 tags=$5 to=$6
  case $name in
    alertmanager | amtool) build_alertmanager "$name" "$version" "$to" ;;
    otelcol) build_otelcol "$version" "$to" ;;
    compose) LDFLAGS="-X github.com/docker/compose/v2/internal.Version=v$version" \
      build_module "$module" "$version" "$package" "$tags" "$to" ;;
    *) LDFLAGS="-X github.com/prometheus/common/version.Version=$version" \
      build_module "$module" "$version" "$package" "$tags" "$to" ;;
  esac
}

mkdir -p "$bin"
go=
while read -r name version module package tags; do
  [[ $name ]] || continue
  (( $# == 0 )) || [[ " $* " == *" $name "* ]] || continue
  made=$bin/$name-$version
  echo "$made"
  exec 9>"$bin/.$name.lock"
  flock 9  # Two runs build it once.
  [[ ! -x $made ]] || continue
  [[ $go ]] || find_go >&2
  echo "Building $name $version with $("$go" env GOVERSION) and $jobs threads, once …" >&2
  start=$SECONDS
  log=$cache/stack/$name.log
  # Beside us, since set -e does not hold in a condition.
  build "$name" "$version" "$module" "$package" "$tags" "$made" > "$log" 2>&1 9>&- &
  wait $! || { tail -n 20 "$log" >&2; exit 1; }
  echo "Built $name $version in $((SECONDS - start)) s" >&2
done <<<"$programs"
