#!/usr/bin/env bash
# Builds the Go programs of the stack from the Go module proxy, for machines that reach no image
# registry. Each is built once, one after the other and at nice 19, into
# $STAKEWATCH_CACHE/stack/bin/<name>-<version> (~/.cache/stakewatch).
#   tests/stack/programs.sh [name…]      all of them without a name
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
prometheus 3.15.0 github.com/prometheus/prometheus@v0.315.0 github.com/prometheus/prometheus/cmd/prometheus remove_all_sd
node_exporter 1.12.1 github.com/prometheus/node_exporter github.com/prometheus/node_exporter -
geth 1.17.3 - - -
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

# Programs without libc, which run in any image.
run_go() {
  env -u GOROOT -u GOFLAGS CGO_ENABLED=0 GOTOOLCHAIN=local GOMAXPROCS="$jobs" GOFLAGS=-mod=mod \
    nice -n 19 "$go" "$@"
}

# A program as its own module builds it: a module of ours that asks for it and repeats its replaces
# and excludes, which Go heeds in the main module alone. A replace by a folder cannot be repeated.
build_module() {
  local module=$1 version=$2 package=$3 tags=$4 to=$5
  if [[ $module == *@* ]]; then version=${module#*@} module=${module%@*}; else version=v$version; fi
  local work found
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' RETURN
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
    run_go build -p "$jobs" -trimpath -tags "${tags#-}" -o made \
      -ldflags "-s -w ${LDFLAGS:-}" "$package"
  )
  mv "$work/made" "$to"
}

# At the place where scripts/test-real.sh keeps its own, which is as good.
build_geth() {
  local version=$1 to=$2 work
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' RETURN
  env -u GOROOT -u GOFLAGS GOTOOLCHAIN=local GOBIN="$work" GOMAXPROCS="$jobs" \
    nice -n 19 "$go" install -p "$jobs" "github.com/ethereum/go-ethereum/cmd/geth@v$version"
  mv "$work/geth" "$to"
}

# The collector is put together by its own builder, from the parts that our configuration names.
build_otelcol() {
  local version=$1 to=$2 work
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' RETURN
  env -u GOROOT -u GOFLAGS CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN="$work/builder" \
    nice -n 19 "$go" install -p "$jobs" "go.opentelemetry.io/collector/cmd/builder@v$version"
  cp tests/stack/otelcol-builder.yaml "$work/builder.yaml"
  (cd "$work" && PATH="$(dirname "$(command -v "$go")"):$PATH" CGO_ENABLED=0 GOTOOLCHAIN=local \
    GOFLAGS="-p=$jobs" nice -n 19 builder/builder --config builder.yaml)
  mv "$work/dist/otelcol-contrib" "$to"
}

# The module lacks its web pages, which are made with Node; an empty one is in their place.
build_alertmanager() {
  local name=$1 version=$2 to=$3 work found
  work=$(mktemp -d "$cache/stack/build.XXXXXX")
  trap 'rm -rf "$work"' RETURN
  found=$(cd "$work" && run_go mod download -json "github.com/prometheus/alertmanager@v$version" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  cp -r --no-preserve=mode "$found" "$work/module"
  mkdir -p "$work/module/ui/app/dist"
  echo '<!doctype html><title>Alertmanager without its pages</title>' > "$work/module/ui/app/dist/index.html"
  (cd "$work/module" && run_go build -p "$jobs" -trimpath -o ../made \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=$version" "./cmd/$name")
  mv "$work/made" "$to"
}

mkdir -p "$bin" "$cache/bin"
exec 9>"$bin/.lock"
flock 9  # Two runs build it once.
go=
while read -r name version module package tags; do
  [[ $name ]] || continue
  (( $# == 0 )) || [[ " $* " == *" $name "* ]] || continue
  made=$bin/$name-$version
  [[ $name != geth ]] || made=$cache/bin/$name-$version
  [[ ! -x $made ]] || continue
  [[ $go ]] || find_go
  echo "Building $name $version with $("$go" env GOVERSION) and $jobs threads, once …"
  start=$SECONDS
  case $name in
    geth) build_geth "$version" "$made" ;;
    alertmanager | amtool) build_alertmanager "$name" "$version" "$made" ;;
    otelcol) build_otelcol "$version" "$made" ;;
    compose) LDFLAGS="-X github.com/docker/compose/v2/internal.Version=v$version" \
      build_module "$module" "$version" "$package" "$tags" "$made" ;;
    *) LDFLAGS="-X github.com/prometheus/common/version.Version=$version" \
      build_module "$module" "$version" "$package" "$tags" "$made" ;;
  esac
  echo "Built $name $version in $((SECONDS - start)) s"
done <<<"$programs"
