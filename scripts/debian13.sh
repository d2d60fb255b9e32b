#!/usr/bin/env bash
# Builds and tests on Debian 13 (g++ 14, cpp-httplib 0.18, libwebsockets 4.3) in a chroot.
# Needs root. The chroot is kept in $STAKEWATCH_CACHE (~/.cache/stakewatch) for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
root=$cache/debian13

if [ "$(id -u)" != 0 ]; then
  echo "debian13.sh: a chroot needs root" >&2
  exit 2
fi
scripts/install-packages.sh debian13

if [ ! -e "$root/.complete" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  tar -C "$root" -xf "$(scripts/debian-root.sh)"
  touch "$root/.complete"
fi

cp /etc/resolv.conf "$root/etc/resolv.conf"
for setting in /etc/apt/apt.conf.d/*proxy*; do
  [ -e "$setting" ] && cp "$setting" "$root/etc/apt/apt.conf.d/"
done
rm -rf "$root/src"
mkdir -p "$root/src"
# The tracked files, as they are now.
git ls-files -z | xargs -0 tar c | tar x -C "$root/src"

# In a mount namespace of its own: the mounts end with it, however it ends, and nothing outside sees
# them.
export root
exec unshare --mount --propagation private bash -euc '
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sys "$root/sys"  # Without it node_exporter 1.9 panics.
  mount --rbind /dev "$root/dev"
  exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    CCACHE_DIR=/root/.cache/ccache /src/scripts/test.sh'
