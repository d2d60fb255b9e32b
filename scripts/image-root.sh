#!/usr/bin/env bash
# The root file system of an image for one program: the program, its loader and libraries at the
# paths where the loader looks, the public CAs, and the user that it runs as.
#   scripts/image-root.sh <program> <folder>
# ldd names the libraries, so nothing here depends on the machine's architecture. glibc resolves
# names without further files since 2.34.
set -euo pipefail
program=${1:?usage: scripts/image-root.sh <program> <folder>}
root=${2:?usage: scripts/image-root.sh <program> <folder>}

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp"
cp "$program" "$root/usr/bin/"
ldd "$program" | grep -oE '/[^ ]+' | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
# openssl.cnf is looked for here; without it OpenSSL's own defaults hold.
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
echo 'stakewatch:x:65532:65532:stakewatch:/:/sbin/nologin' > "$root/etc/passwd"
echo 'stakewatch:x:65532:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
chmod 1777 "$root/tmp"
