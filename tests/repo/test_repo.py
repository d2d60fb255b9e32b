"""House rules that no compiler holds: which file may include what, how long it may be, and that
generated pages are fresh."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

# Package headers that only common/ may include; and those that few files may.
ONLY_IN_COMMON = ("httplib.h", "spdlog/", "CLI/", "yaml-cpp/", "simdjson.h", "openssl/",
                  "prometheus/", "libwebsockets.h", "libpq-fe.h", "hiredis/", "pugixml.hpp",
                  "zlib.h", "crypt.h")
ONLY_IN = {"spdlog/": {"common/log.cpp"}, "CLI/": {"common/flags.cpp"}}
LINES_MAX = 300
# Prysm itself already uses beacon_* and validator_*.
PREFIXES = {"beacon_exporter": "beaconapi_", "supervisor_exporter": "validator_supervisor_",
            "restart_hook": "restart_hook_"}


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield path.relative_to(ROOT)


def includes(path):
    return INCLUDE.findall((ROOT / path).read_text())


def test_there_are_sources():
    assert len(list(sources("common", "exporters", "actions"))) > 40


def test_dependencies_point_one_way():
    wrong = []
    for path in sources("common", "exporters", "actions"):
        for included in includes(path):
            programs = ("exporters/", "actions/")
            if path.parts[0] == "common" and included.startswith((*programs, "tests/")):
                wrong.append(f"{path} includes {included}")
            if path.parts[0] != "common":
                own = f"{path.parts[0]}/{path.parts[1]}/"
                if included.startswith("tests/") or (included.startswith(programs)
                                                     and not included.startswith(own)):
                    wrong.append(f"{path} includes {included}")
                if included.startswith(ONLY_IN_COMMON):
                    wrong.append(f"{path} includes {included}, which only common/ may")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_package_stands_in_its_one_file(package):
    users = {str(path) for path in sources("common", "exporters", "actions", "tests")
             if any(included.startswith(package) for included in includes(path))}
    assert users == ONLY_IN[package]


def test_httplib_hooks_stand_in_few_files():
    users = {str(path) for path in sources("common") if "httplib.h" in includes(path)}
    assert 2 <= len(users) <= 4, users


def test_files_are_short():
    # A test may hold many cases, and a table of cases has no second half.
    long = [f"{path}: {len((ROOT / path).read_text().splitlines())}"
            for path in sources("common", "exporters", "actions")
            if len((ROOT / path).read_text().splitlines()) > LINES_MAX]
    assert not long, "over 300 lines: " + ", ".join(long)


# The files of an exporter that may say what is asked.
CLIENTS = {"geth": {"client.h", "client.cpp", "heads.cpp"},
           "beacon": {"client.h", "client.cpp", "event.h", "event.cpp", "keymanager.h"},
           "jormungandr": {"client.h", "client.cpp", "external_tip.cpp"},
           "computehorde": {"celery.h", "celery.cpp", "queries.cpp"},
           "supervisor": {"client.h", "client.cpp"},
           "supervisord": {"client.h", "client.cpp"}}


# Those that ask a database, by files of SQL alone.
SQL = {"computehorde", "mina"}


def test_each_exporter_has_its_clients():
    assert set(CLIENTS) | SQL == {path.name for path in (ROOT / "exporters").iterdir()
                                  if path.is_dir()}


@pytest.mark.parametrize("exporter", sorted(SQL))
def test_sql_stands_in_its_files_and_reads(exporter):
    word = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|COPY|ALTER|CREATE|SET|LOCK|CALL)\b")
    assert not [path for path in sources(f"exporters/{exporter}")
                if word.search((ROOT / path).read_text())]
    files = sorted((ROOT / f"exporters/{exporter}/queries").glob("*.sql"))
    assert files
    for path in files:
        text = re.sub("^--.*", "", path.read_text(), flags=re.MULTILINE)
        for statement in filter(None, map(str.strip, text.split(";"))):
            assert re.match("SELECT|WITH", statement), f"{path.name}: {statement[:60]}"
            assert not re.search(r"\bFOR (UPDATE|SHARE)\b|\bINTO\b|\b(nextval|setval|pg_\w*lock)",
                                 statement, re.IGNORECASE), path.name


@pytest.mark.parametrize("exporter", sorted(CLIENTS))
def test_only_the_client_names_what_is_asked(exporter):
    """The type that asks a node is the only place where a method or a path can be said."""
    question = re.compile(r'"(?:admin|debug|personal|miner|eth|net|txpool|web3|engine)_[a-zA-Z]+"'
                          r'|"/(?:eth|prysm|v2)/|"/ready"|"/api/v\d/'
                          r'|"/RPC2"|"(?:supervisor|system)\.(?:"|\w*[A-Z])'
                          r'|"(?:supervisor\.|system\.)?(?:get|set|start|stop|signal|send|reload|'
                          r'add|remove|read|tail|clear|list|multi)[A-Z]\w*"'
                          r'|"(?:get|set|start|stop|begin|check|finish)_[a-z_]+"'
                          r'|"(?:auth|connect|shutdown)"|\bLineLink\b|\bRedis redis_|ParseQueryFile|"SELECT'
                          r'|ListLengths|HashLength|LowestScore'
                          r'|\bRequest\s*\{|(?:\.|->)Ask\(\{(?!Call::)')
    users = {path.name for path in sources(f"exporters/{exporter}")
             if question.search((ROOT / path).read_text())}
    assert users and users <= CLIENTS[exporter], users


def test_no_exporter_can_stop_or_start_anything():
    """Nor take a POST: what acts is a program of its own, and its words are in no other."""
    words = (b"stopProcess", b"startProcess", b"restart_hook", b"/webhook")
    assert all(word in (BIN / "restart_hook").read_bytes() for word in words)
    exporters = sorted(BIN.glob("*_exporter"))
    assert len(exporters) >= len(CLIENTS)
    for program in exporters:
        found = [word for word in words if word in program.read_bytes()]
        assert not found, f"{program.name}: {found}"
    # And in the hook, one file alone can say them.
    users = {path.name for path in sources("actions")
             if re.search(r'"supervisor\.|"/RPC2"', (ROOT / path).read_text())}
    assert users == {"supervisor.cpp"}


def test_no_secret_is_a_flag():
    """Passwords and tokens are given as files, so that no process list shows one."""
    for program in (*BIN.glob("*_exporter"), BIN / "restart_hook"):
        text = subprocess.run([program, "--help"], check=True, capture_output=True,
                              text=True).stdout
        for flag in re.findall(r"^  --([\w.-]+)", text, re.MULTILINE):
            if re.search(r"password|token|secret", flag):
                assert flag.endswith("-file"), flag


def test_metrics_page_is_fresh():
    page = subprocess.run([ROOT / "scripts/metrics_doc.py", BIN], check=True, capture_output=True,
                          text=True).stdout
    assert page == (ROOT / "docs/metrics.md").read_text(), "stale: run make docs"


def test_metrics_have_the_exporters_prefix():
    for program in (*BIN.glob("*_exporter"), BIN / "restart_hook"):
        out = subprocess.run([program, "--describe-metrics"], check=True, capture_output=True)
        rows = json.loads(out.stdout)
        names = [row["name"] for row in rows]
        assert len(names) == len(set(names))
        prefix = PREFIXES.get(program.name, program.name.removesuffix("exporter"))
        for row in rows:
            assert row["name"].startswith((prefix, "stakewatch_", "process_")), row["name"]
            assert row["help"]


def test_each_exporter_has_its_readme():
    for folder in (*(ROOT / "exporters").iterdir(), *(ROOT / "actions").iterdir()):
        if folder.is_dir():
            assert (folder / "README.md").is_file(), folder


# systemd's own measure of each unit, in tenths: 0 is a service that can do nothing, 20 was the limit
# of old. docs/security.md says the same, and what makes the difference.
EXPOSURE_MAX = {"geth_exporter": 14, "beacon_exporter": 14, "jormungandr_exporter": 14,
                "computehorde_exporter": 14,
                "mina_exporter": 14,
                "supervisord_exporter": 15, "supervisor_exporter": 16, "restart_hook": 15}
UNITS = {path.stem: path for path in ROOT.glob("*/*/*.service")}


def test_each_unit_has_its_limit():
    text = (ROOT / "docs/security.md").read_text()
    said = dict(re.findall(r"^\| `(\w+).service` \| ([\d.]+) \|", text, re.MULTILINE))
    assert set(EXPOSURE_MAX) == set(UNITS) == {*(f"{name}_exporter" for name in {*CLIENTS, *SQL}),
                                               "restart_hook"}
    assert said == {name: f"{limit / 10}" for name, limit in EXPOSURE_MAX.items()}


@pytest.mark.parametrize("program", sorted(EXPOSURE_MAX))
def test_each_program_has_a_hardened_unit(program):
    unit = UNITS[program]
    hardened = "\nCapabilityBoundingSet=\nNoNewPrivileges=yes\nProtectSystem=strict\n"
    assert hardened in unit.read_text()
    assert "\nDynamicUser=yes\n" in unit.read_text()
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")

    def exposed(path, limit):
        return subprocess.run(["systemd-analyze", "security", "--offline=true",
                               f"--threshold={limit}", path], capture_output=True, text=True,
                              timeout=60, check=False)
    done = exposed(unit, EXPOSURE_MAX[program])
    assert done.returncode == 0, done.stdout + done.stderr
    assert exposed(unit, 5).returncode != 0, "the limit is not looked at"
