#!/usr/bin/env bash
# The root file system of a minimal Debian 13, made by debootstrap once and kept in $STAKEWATCH_CACHE
# (~/.cache/stakewatch): the chroot of scripts/debian13.sh and the debian:trixie-slim of tests/stack/.
# Needs root. Prints the path of its tar.
set -euo pipefail
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
root=$cache/trixie
log=$cache/trixie.log

mirror() {
  local found
  found=$(grep -hoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    head -n1 | tr -d ' ' || true)
  echo "${found:-http://deb.debian.org/debian}"
}

mkdir -p "$cache"
exec 9>"$cache/.trixie.lock"
flock 9  # Two runs make it once.
if [[ ! -e $root.tar ]]; then
  echo "Making a Debian 13 …" >&2
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$(mirror)" > "$log" 2>&1 ||
    { tail -n 20 "$log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  tar -C "$root" -cf "$root.tar.new" .
  mv "$root.tar.new" "$root.tar"
  rm -rf "$root"
fi
echo "$root.tar"
