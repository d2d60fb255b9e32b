"""supervisor_exporter under strace, with all sources, on the folders of a validator host: what holds
keys is never opened, nothing is opened for writing, and nobody is asked but who a flag names."""
import re
import subprocess

import pytest

from conftest import BIN
from harness import Exporter, Simulator, free_ports, wait_until

# Of the upstream's notes: passphrase, root key, identity files, live validator data, configuration.
CLOSED = ["passphrase", "supervisor-key.hex", "id_ed25519", "validator_supervisor-validator_data",
          "config.yaml", "docker.sock"]
BAIT = ["data/passphrase.txt", "data/supervisor-key.hex", "data/config.yaml", "data/id_ed25519",
        "logs/config.yaml", "keys/id_ed25519",
        "shm/validator_supervisor-validator_dataab/canonical/slashing-protection.json",
        "shm/validator_supervisor-validator_dataab/canonical/validators/0xaa/password.txt"]
PUBKEY = "0x" + "a" * 96
INTERCHANGE = ('{"metadata":{"interchange_format_version":"5"},"data":[{"pubkey":"%s",'
               '"signed_blocks":[{"slot":"7"}],"signed_attestations":[]}]}' % PUBKEY)
SOURCES = {"rpc", "processes", "forwards", "backup", "log", "exposure", "interchange"}


@pytest.fixture
def host(tmp_path):
    for bait in BAIT:
        path = tmp_path / bait
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a secret\n")
    (tmp_path / "data/supervisor-backup.bin").write_bytes(bytes(904))
    (tmp_path / "logs/supervisor.log").write_text("INFO     __main__        Waiting\n")
    (tmp_path / "interchange.json").write_text(INTERCHANGE)
    (tmp_path / "rpc.key").write_text("ffeeddccbbaa99887766554433221100\n")
    (tmp_path / "rpc.key").chmod(0o600)
    return tmp_path


@pytest.fixture
def sim(host, programs):
    """The daemon: its socket in the data folder, and the local ports of its tunnels."""
    base = free_ports(8)
    simulator = Simulator(BIN / "stakewatch_sim", host, f"--supervisor-socket={host}/data/rpc.sock",
                          f"--supervisor-forwards={base}")
    simulator.base = base
    programs.append(simulator)
    return simulator.start()


def traced(trace, *argv):
    return ["strace", "-D", "-f", "-y", "-s", "4096", "-o", trace, "-e",
            "trace=open,openat,openat2,creat,open_by_handle_at,execve,connect", *argv]


def opened(trace):
    """The line of each call that opens, starts or connects to something."""
    return [line for line in trace.read_text(errors="replace").splitlines()
            if re.search(r" (open|openat|openat2|creat|open_by_handle_at|execve|connect)\(", line)]


def ended(trace):
    """strace is no parent of what it traces, and writes on when that has ended."""
    wait_until(lambda: "+++ exited with" in trace.read_text(errors="replace").splitlines()[-1],
               20, "strace has written all")


def breaches(trace):
    return [line for line in opened(trace) if any(name in line for name in CLOSED)]


def written(trace):
    return [line for line in opened(trace) if re.search(r"O_WRONLY|O_RDWR|O_CREAT| creat\(", line)]


def test_an_open_is_seen(host, programs):
    """Or the test below could not fail."""
    trace = host / "trace"
    for name in ("data/supervisor-key.hex", "no/passphrase"):
        subprocess.run(traced(trace, "cat", host / name), capture_output=True, timeout=30,
                       check=False)
        ended(trace)
        assert breaches(trace), trace.read_text()
    subprocess.run(traced(trace, "ls", "-l", host / "data"), capture_output=True, timeout=30,
                   check=True)
    ended(trace)
    assert not breaches(trace) and not written(trace)
    subprocess.run(traced(trace, "touch", host / "new"), capture_output=True, timeout=30,
                   check=True)
    ended(trace)
    assert written(trace)


def test_what_holds_keys_is_never_opened(host, sim, programs):
    trace = host / "trace"
    flags = [f"--supervisor.rpc={host}/data/rpc.sock", f"--supervisor.key-file={host}/rpc.key",
             "--supervisor.rpc-interval=1s",
             f"--supervisor.data-dir={host}/data", f"--supervisor.logs-dir={host}/logs",
             "--supervisor.node=10.77.1.2:2222", "--supervisor.node=10.77.2.2:2222",
             f"--supervisor.port-base={sim.base}",
             f"--supervisor.interchange={host}/interchange.json", "--supervisor.reverse-port=8000",
             f"--supervisor.remote-backups={host}/data", f"--path.shm={host}/shm"]
    exporter = Exporter(BIN / "supervisor_exporter", host, *flags, name="supervisor_exporter")
    exporter.argv = [str(word) for word in traced(trace, *exporter.argv)]
    programs.append(exporter)
    exporter.start()
    for line in ("INFO     validator_supervisor.subprocess Supervised process validator exited",
                 "WARNING  validator_supervisor.validators.base No healthy beacon nodes found"):
        page = exporter.page()
        with (host / "logs/supervisor.log").open("a") as log:
            log.write(line + "\n")
    wait_until(lambda: exporter.page().get("validator_supervisor_events_total", event="no_beacon",
                                           bastion="") == 1, 20, "the log is followed")
    page = exporter.page()
    assert page.by("stakewatch_source_up", "source") == dict.fromkeys(SOURCES, 1), exporter.log()
    assert page["validator_supervisor_unlocked"] == 1
    assert page["validator_supervisor_root_key_file_present"] == 1
    assert page["validator_supervisor_tmpfs_folders"] == 1
    assert page.by("validator_supervisor_interchange_keys", "file") == {
        f"{host}/interchange.json": 1}
    (host / "logs/supervisor.log").unlink()
    (host / "logs/supervisor.log").symlink_to(host / "data/supervisor-key.hex")
    (host / "interchange.json").unlink()
    (host / "interchange.json").symlink_to(host / "data/config.yaml")
    up = exporter.page().by("stakewatch_source_up", "source")
    assert (up["log"], up["interchange"]) == (0, 0)
    assert exporter.end() == 0
    ended(trace)
    assert any(f"{host}/logs/supervisor.log" in line for line in opened(trace))
    assert not breaches(trace), "\n".join(breaches(trace))
    assert not written(trace), "\n".join(written(trace))
    others = strangers(trace, f"{host}/data/rpc.sock", range(sim.base, sim.base + 8))
    assert not others, "\n".join(others)


def strangers(trace, socket_path, ports):
    """Connections to others than the RPC's socket and local ports of the tunnels."""
    known = re.compile(rf'sun_path="{socket_path}"|htons\((?:{"|".join(map(str, ports))})\)'
                       r'.*(?:"127\.0\.0\.1"|"::1")')
    return [line for line in opened(trace) if " connect(" in line and not known.search(line)]


@pytest.mark.parametrize("flag", ["interchange", "certificate", "key-file", "rpc-certificate"])
@pytest.mark.parametrize("bait", BAIT)
def test_a_flag_that_names_what_stays_closed_is_refused(host, flag, bait):
    flags = {"rpc": host / "rpc.sock", "key-file": host / "rpc.key", flag: host / bait}
    done = subprocess.run([BIN / "supervisor_exporter",
                           *(f"--supervisor.{name}={value}" for name, value in flags.items())],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and f"--supervisor.{flag}: " in done.stderr, done.stderr
