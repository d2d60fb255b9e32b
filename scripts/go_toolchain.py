#!/usr/bin/env python3
"""Fetches a Go of the version below into the folder that is given, for a machine whose own is
missing or too old (Debian 12's 1.19 cannot fetch a newer one itself). It comes from the Go module
proxy, where toolchains are modules (https://go.dev/ref/mod#toolchain); its hash is the one that the
Go checksum database (sum.golang.org) tells. Standard library only."""
import base64
import hashlib
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import urllib.request
import zipfile

VERSION = "1.26.8"
HASHES = {"amd64": "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
          "arm64": "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc="}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
BYTES_MAX = 200 << 20  # The zip has 72 MB.
SECONDS_MAX = 60  # Of one read.


def proxy():
    """The first of GOPROXY that is one: "direct" and "off" are words."""
    listed = os.environ.get("GOPROXY", "").replace("|", ",").split(",")
    return next((one.rstrip("/") for one in listed if one.startswith("http")),
                "https://proxy.golang.org")


def download(url, to):
    with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
        left = BYTES_MAX
        while piece := answer.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise SystemExit(f"go_toolchain: {url} has more than {BYTES_MAX} bytes")
            to.write(piece)
    to.flush()


def module_hash(archive):
    """Hash1 of golang.org/x/mod/sumdb/dirhash: of the names and the hashes of all files."""
    lines = [f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n"
             for name in sorted(archive.namelist())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: scripts/go_toolchain.py <folder that will be its GOROOT>")
    goroot = pathlib.Path(sys.argv[1])
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise SystemExit(f"go_toolchain: none known for {platform.machine()}; install Go 1.24 or newer")
    module = f"golang.org/toolchain@v0.0.1-go{VERSION}.linux-{architecture}"
    url = f"{proxy()}/golang.org/toolchain/@v/{module.split('@')[1]}.zip"
    goroot.parent.mkdir(parents=True, exist_ok=True)
    print(f"Fetching Go {VERSION} from {url}", flush=True)
    with tempfile.TemporaryDirectory(dir=goroot.parent) as work:
        with open(f"{work}/go.zip", "w+b") as file:
            download(url, file)
            with zipfile.ZipFile(file) as archive:
                told = module_hash(archive)
                if told != HASHES[architecture]:
                    raise SystemExit(f"go_toolchain: {url} is not what the checksum database knows: {told}")
                archive.extractall(work)
        unpacked = pathlib.Path(work) / module
        # A module's zip keeps no modes.
        for program in [*unpacked.glob("bin/*"), *unpacked.glob("pkg/tool/*/*")]:
            program.chmod(0o755)
        shutil.rmtree(goroot, ignore_errors=True)
        unpacked.rename(goroot)


main()
