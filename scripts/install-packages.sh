#!/usr/bin/env bash
# Installs the Debian packages (12 or 13) that the given groups need, and asks nothing:
#   scripts/install-packages.sh [build|demo|test|lint|fuzz|real|faults|debian13|stack]…    (default: build)
# With everything in place it starts neither apt nor sudo.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config prometheus-cpp-dev libcpp-httplib-dev
  nlohmann-json3-dev libwebsockets-dev libspdlog-dev doctest-dev libcli11-dev libyaml-cpp-dev
  libsimdjson-dev libpugixml-dev libcrypt-dev libssl-dev zlib1g-dev libpq-dev libhiredis-dev git)
monitors=(prometheus prometheus-alertmanager)
databases=(postgresql redis-server)
demo=("${build[@]}" "${monitors[@]}" "${databases[@]}" curl)
test=("${demo[@]}" python3-pytest python3-yaml openssl prometheus-node-exporter strace)
clang=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev)
lint=("${build[@]}" "${clang[@]}")
fuzz=("${lint[@]}")
# Not golang-go: tests/stack/programs.sh fetches a Go where there is none that can build a Geth.
real=("${test[@]}" ca-certificates npm supervisor openssh-server)
# A disk to fill: mkfs, unshare, mount.
faults=("${test[@]}" ca-certificates e2fsprogs util-linux mount)
debian13=(debootstrap)
# The engine without a compose plugin, which Debian 12 lacks: tests/stack/programs.sh builds it.
stack=(docker.io iptables debootstrap ca-certificates curl python3-pytest python3-yaml)

wanted=()
for group in "${@:-build}"; do
  case $group in
    build | demo | test | lint | fuzz | real | faults | debian13 | stack) ;;
    *) echo "install-packages: no group \"$group\": build, demo, test, lint, fuzz, real, faults, debian13 or stack" >&2; exit 2 ;;
  esac
  declare -n packages=$group
  wanted+=("${packages[@]}")
  unset -n packages
done

installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# A tool that is there by other means (pip, /usr/local) is not installed over.
present() {
  installed "$1" && return
  case $1 in
    python3-pytest) python3 -c 'import pytest' 2>/dev/null ;;
    python3-yaml) python3 -c 'import yaml' 2>/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) return 1 ;;
  esac
}

missing=()
for package in $(printf '%s\n' "${wanted[@]}" | sort -u); do
  present "$package" || missing+=("$package")
done
(( ${#missing[@]} )) || exit 0

exec 8< "$0"
flock 8  # apt lets in one at a time, and does not wait.
echo "Installing with apt: ${missing[*]}"
as_root=()
if (( EUID != 0 )); then
  command -v sudo >/dev/null || { echo "install-packages: be root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0
  -o Acquire::Retries=3)
"${apt_get[@]}" update

# Debian starts a daemon when its package is installed. We start Prometheus and Alertmanager
# ourselves, so a service that came with our own installation is stopped and switched off; one that
# was there before is left alone.
new_services=()
for package in "${missing[@]}"; do
  case $package in
    prometheus | prometheus-alertmanager | docker.io | supervisor | postgresql | redis-server)
      new_services+=("$package") ;;
  esac
done
had_node_exporter=no
installed prometheus-node-exporter && had_node_exporter=yes

"${apt_get[@]}" install --no-install-recommends "${missing[@]}"

if [[ $had_node_exporter == no ]] && installed prometheus-node-exporter; then
  new_services+=(prometheus-node-exporter)
fi
if (( ${#new_services[@]} )) && [[ -d /run/systemd/system ]]; then
  echo "Stopping and disabling the services that came with the packages: ${new_services[*]}"
  "${as_root[@]}" systemctl disable --now "${new_services[@]}"
else
  # Without systemd only the two with a script of System V have been started, if at all.
  for service in "${new_services[@]}"; do
    case $service in
      postgresql | redis-server) "${as_root[@]}" "/etc/init.d/$service" stop >/dev/null 2>&1 || true ;;
    esac
  done
fi
