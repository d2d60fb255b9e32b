#!/usr/bin/env python3
"""clang-tidy over units of a compilation database, all findings errors: scripts/tidy.py <build> <unit>…

A unit that was found clean is not looked at again until its preprocessed text, its flags, the checks or
clang-tidy change: a hash of them is kept in $STAKEWATCH_CACHE (~/.cache/stakewatch), in lint/.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TIDY = "clang-tidy-19"
CACHE = pathlib.Path(os.environ.get("STAKEWATCH_CACHE") or
                     pathlib.Path.home() / ".cache" / "stakewatch") / "lint"


def preprocessor(command):
    """The command that compiles a unit, as one that prints what clang-tidy would read."""
    words = shlex.split(command)
    words = words[words.index(next(word for word in words if word.endswith("c++"))) + 1:]
    output = words.index("-o")
    del words[output:output + 2]
    # With comments, among which are the exceptions from the checks.
    return ["clang++-19", *words, "-Wno-everything", "-E", "-C"]


def stamp(command, folder, fixed):
    """Where it is kept that a unit was clean; None when it cannot be preprocessed."""
    done = subprocess.run(preprocessor(command), cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    text = done.stdout.replace(os.fsencode(ROOT), b"")
    flags = command.replace(str(ROOT), "").encode()
    return CACHE / hashlib.sha256(b"\0".join([fixed, flags, text])).hexdigest()


def tidy(entry, build, fixed):
    """The findings of one unit, empty when it is clean."""
    clean = stamp(entry["command"], entry["directory"], fixed)
    if clean and clean.exists():
        clean.touch()
        return ""
    done = subprocess.run([TIDY, "--quiet", "-p", build, entry["file"]], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        if clean:
            clean.touch()
        return ""
    return done.stdout or f"{TIDY} ended with {done.returncode}: {entry['file']}\n"


def main():
    build, units = sys.argv[1], {str(ROOT / unit) for unit in sys.argv[2:]}
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["find", CACHE, "-type", "f", "-mtime", "+30", "-delete"], check=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    fixed = version + (ROOT / ".clang-tidy").read_bytes()
    database = json.loads((ROOT / build / "compile_commands.json").read_text())
    entries = [entry for entry in database if entry["file"] in units]
    missing = units - {entry["file"] for entry in entries}
    if missing:
        sys.exit(f"not built, so not looked at: {' '.join(sorted(missing))}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(lambda entry: tidy(entry, build, fixed), entries))
    sys.stdout.writelines(findings)
    sys.exit(any(findings))


if __name__ == "__main__":
    main()
