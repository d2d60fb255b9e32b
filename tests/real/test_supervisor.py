"""Real tunnels through two real sshd on loopback, held as the validator supervisor holds them,
behind the simulated RPC: cut, frozen and opened again; the RPC through a bastion; and the ssh -R of
the exporter's README, by which a bastion scrapes the validator host."""
import contextlib
import getpass
import http.client
import http.server
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading

import pytest

from conftest import BIN, scrape
from harness import (ROOT, Page, Program, Simulator, free_port, free_ports, http_request, listens,
                     wait_until)

SSHD = "/usr/sbin/sshd"
README = (ROOT / "exporters/supervisor/README.md").read_text()
KEY = "ffeeddccbbaa99887766554433221100\n"
# Starts each tunnel, and again when it has ended, as the daemon does; they end with it.
DAEMON = '''
import ctypes, signal, subprocess, time
tunnels = {i: None for i in range(len(COMMANDS))}
def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
while True:
    for i, running in tunnels.items():
        if running is None or running.poll() is not None:
            tunnels[i] = subprocess.Popen(
                COMMANDS[i], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
    time.sleep(0.2)
'''


class Answers(http.server.BaseHTTPRequestHandler):
    """A beacon node and a Loki in one."""

    def do_GET(self):
        body = {"/eth/v1/node/syncing": b'{"data":{"is_syncing":false,"head_slot":"1"}}',
                "/ready": b"ready\n"}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def stat_fields(pid):
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return text.rsplit(")", 1)[1].split()


def children(pid):
    """Of it and of those, by /proc."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(path.name)] = int(stat_fields(path.name)[1])
    found = [pid]
    for parent in found:
        found += [child for child, of in parents.items() if of == parent]
    return found[1:]


def started_at(pid):
    boot = re.search(r"^btime (\d+)", pathlib.Path("/proc/stat").read_text(), re.MULTILINE)
    return int(boot[1]) + int(stat_fields(pid)[19]) / os.sysconf("SC_CLK_TCK")


def new_key(path, comment="test"):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path],
                   check=True, timeout=60)
    return path.with_suffix(".pub").read_text()


class Bastion(Program):
    """One sshd, with the services behind it and the port by which its RPC is reached."""

    def __init__(self, folder, number, client_key):
        self.folder = folder / f"bastion{number}"
        self.folder.mkdir()
        self.port, self.rpc_port = free_port(), free_port()
        self.host_key = new_key(self.folder / "host_key")
        self.authorized = self.folder / "authorized_keys"
        self.authorized.write_text(client_key)
        self.services = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.services.serve_forever, daemon=True).start()
        self.frozen = []
        config = self.folder / "sshd_config"
        # By SHLVL bash thinks that it was not started by sshd, and leaves ~/.bashrc alone.
        config.write_text(f"""
Port {self.port}
ListenAddress 127.0.0.1
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
SetEnv SHLVL=2
""")
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        super().__init__(f"sshd{number}", [SSHD, "-D", "-e", "-f", config], folder)

    def start(self):
        super().start()
        self.wait(lambda: listens(self.port), 20, "listens")
        return self

    @property
    def node(self):
        return f"127.0.0.1:{self.port}"

    def freeze(self):
        """No byte comes back, and no end: as when the link goes silent."""
        self.frozen = children(self.process.pid)
        assert self.frozen, "somebody is connected"
        for pid in self.frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.frozen = []

    def cut(self):
        """All connections, at once."""
        self.thaw()
        for pid in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self):
        sessions = children(self.process.pid)
        self.kill()
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not listens(self.port), 20, "nobody listens")

    def discard(self):
        if self.running():
            self.cut()
        super().discard()
        self.services.shutdown()
        self.services.server_close()


class Host:
    """The validator host: the simulated RPC, and the tunnels of a daemon."""

    def __init__(self, folder):
        assert pathlib.Path(SSHD).exists(), "no sshd: scripts/install-packages.sh real"
        self.folder, self.base = folder, free_ports(8)
        client_key = new_key(folder / "client")
        self.bastions = [Bastion(folder, number, client_key) for number in (1, 2)]
        self.key_file = folder / "rpc-key"
        self.key_file.write_text(KEY)
        self.key_file.chmod(0o600)
        self.socket = folder / "rpc.sock"
        self.rpc = Simulator(BIN / "stakewatch_sim", folder, f"--supervisor-socket={self.socket}")
        known = "".join(f"[127.0.0.1]:{bastion.port} {bastion.host_key}"
                        for bastion in self.bastions)
        (folder / "ssh_known_hosts").write_text(known)
        commands = [self.tunnel(i, bastion) for i, bastion in enumerate(self.bastions)]
        (folder / "validator_supervisor.py").write_text(
            f"COMMANDS = {json.dumps(commands)}\n{DAEMON}")
        self.daemon = Program("daemon", [sys.executable, "-m", "validator_supervisor", "daemon"],
                              folder, {**os.environ, "PYTHONPATH": str(folder)})

    def tunnel(self, i, bastion):
        """As recorded of the daemon, and without what this machine configures of ssh."""
        service = f"127.0.0.1:{bastion.services.server_address[1]}"
        return ["ssh", "-F", "/dev/null", "-o", f"UserKnownHostsFile={self.folder}/ssh_known_hosts",
                "-i", f"{self.folder}/client", "-o", "IdentitiesOnly=yes", "-p", str(bastion.port),
                "-L", f"localhost:{self.base + 3 * i}:{service}",
                "-L", f"localhost:{self.base + 6 + i}:{service}",
                "-R", f"localhost:{bastion.rpc_port}:{self.socket}",
                f"{getpass.getuser()}@127.0.0.1"]

    def start(self):
        for program in (*self.bastions, self.rpc, self.daemon):
            program.start()
        wait_until(lambda: all(listens(self.base + port) for port in (0, 3, 6, 7)), 30,
                   "the tunnels are open")
        return self

    def discard(self):
        for program in (self.daemon, *self.bastions, self.rpc):
            program.discard()

    def flags(self):
        return [f"--supervisor.rpc={self.socket}", f"--supervisor.key-file={self.key_file}",
                "--supervisor.rpc-interval=1s", f"--supervisor.port-base={self.base}",
                *(f"--supervisor.node={bastion.node}" for bastion in self.bastions)]


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    try:
        yield host.start()
    finally:
        host.discard()


@pytest.fixture
def exporter(host, run_exporter):
    return run_exporter(*host.flags(), program="supervisor_exporter")


def forwards(page, bastion):
    return tuple(page.get("validator_supervisor_forward_up", bastion=bastion.node, service=service)
                 for service in ("beacon", "loki"))


def await_page(exporter, condition, what, seconds=30):
    """The first page of which the condition holds."""
    def look():
        page = scrape(exporter)
        return page if condition(page) else None
    return wait_until(look, seconds, what, every=0.1)


def result(page):
    told = page.by("validator_supervisor_rpc_last_result", "result")
    return next((name for name, value in told.items() if value), None)


def all_open(host, page):
    return all(forwards(page, bastion) == (1, 1) for bastion in host.bastions)


def tunnel(page, bastion, what):
    return page.get(f"validator_supervisor_tunnel_process_{what}", bastion=bastion.node)


def test_open_tunnels_and_their_processes(host, exporter):
    page = await_page(exporter, lambda page: all_open(host, page) and result(page) == "ok", "open")
    assert set(page.by("stakewatch_source_up", "source").values()) == {1}
    assert page["validator_supervisor_daemon_up"] == 1
    daemon = host.daemon.process.pid
    assert abs(page["validator_supervisor_daemon_start_time_seconds"] - started_at(daemon)) < 0.1
    assert page["validator_supervisor_daemon_resident_memory_bytes"] > 1e6
    processes = children(daemon)
    starts = {tunnel(page, bastion, "start_time_seconds") for bastion in host.bastions}
    assert len(processes) == 2
    for bastion in host.bastions:
        assert tunnel(page, bastion, "up") == 1
        assert tunnel(page, bastion, "resident_memory_bytes") > 1e6
        assert tunnel(page, bastion, "cpu_seconds_total") >= 0
        assert page.get("validator_supervisor_beacon_syncing", bastion=bastion.node) == 0
    for pid in processes:
        assert any(abs(start - started_at(pid)) < 0.1 for start in starts)
    assert page["validator_supervisor_orphaned_processes"] == 0
    assert page["validator_supervisor_validator_process_up"] == 0


def test_cut_and_opened_again(host, exporter):
    first, second = host.bastions
    page = await_page(exporter, lambda page: all_open(host, page), "open")
    starts = [tunnel(page, bastion, "start_time_seconds") for bastion in host.bastions]
    first.cut()
    page = await_page(exporter, lambda page: forwards(page, first) == (1, 1) and
                      (tunnel(page, first, "start_time_seconds") or 0) > starts[0], "open again")
    assert tunnel(page, second, "start_time_seconds") == starts[1], "the other was not touched"
    first.stop()
    page = await_page(exporter, lambda page: forwards(page, first) == (0, 0), "down")
    assert forwards(page, second) == (1, 1) and tunnel(page, second, "up") == 1
    assert page["validator_supervisor_daemon_up"] == 1 and result(page) == "ok"
    first.start()
    await_page(exporter, lambda page: all_open(host, page), "open again")


def test_frozen_is_half_open(host, exporter):
    first, second = host.bastions
    page = await_page(exporter, lambda page: all_open(host, page), "open")
    start = tunnel(page, first, "start_time_seconds")
    first.freeze()
    page = await_page(exporter, lambda page: forwards(page, first) == (0, 0), "silent")
    # The daemon, its RPC and ssh see nothing of it.
    assert tunnel(page, first, "up") == 1
    assert tunnel(page, first, "start_time_seconds") == start
    assert result(page) == "ok" and page["validator_supervisor_beacon_connected"] == 1
    assert forwards(page, second) == (1, 1), "the other is asked at the same time"
    assert page.get("validator_supervisor_forward_duration_seconds", bastion=first.node,
                    service="beacon") is None
    first.thaw()
    page = await_page(exporter, lambda page: all_open(host, page), "open again")
    assert tunnel(page, first, "start_time_seconds") == start


def test_killed_daemon(host, exporter):
    await_page(exporter, lambda page: all_open(host, page), "open")
    host.daemon.kill()
    page = await_page(exporter, lambda page: page["validator_supervisor_daemon_up"] == 0 and
                      not any(tunnel(page, bastion, "up") for bastion in host.bastions), "gone")
    assert page.get("validator_supervisor_daemon_start_time_seconds") is None
    host.daemon.start()
    await_page(exporter, lambda page: all_open(host, page), "open again")


def test_the_rpc_through_a_bastion(host, run_exporter):
    bastion = host.bastions[0]
    exporter = run_exporter(f"--supervisor.rpc=127.0.0.1:{bastion.rpc_port}",
                            f"--supervisor.key-file={host.key_file}",
                            "--supervisor.rpc-interval=1s", "--supervisor.rpc-timeout=1s",
                            program="supervisor_exporter")
    page = await_page(exporter, lambda page: result(page) == "ok", "answered")
    assert page["validator_supervisor_unlocked"] == 1
    assert page.get("validator_supervisor_daemon_up") is None
    bastion.freeze()
    await_page(exporter, lambda page: result(page) == "timeout", "silent")
    bastion.thaw()
    await_page(exporter, lambda page: result(page) == "ok", "answered again")
    # sshd still listens, and finds nobody behind the forward.
    host.rpc.fault(kind="stop", target="supervisor")
    await_page(exporter, lambda page: result(page) == "refused", "no daemon")
    host.rpc.clear()
    await_page(exporter, lambda page: result(page) == "ok", "answered again")
    bastion.stop()
    await_page(exporter, lambda page: result(page) == "refused", "no bastion")
    bastion.start()
    await_page(exporter, lambda page: result(page) == "ok", "answered again")


def code_block(begin):
    return re.search(rf"```\n({re.escape(begin)}[^`]*)```", README)[1].replace("\\\n", " ")


class ReverseTunnel(Program):
    """The ssh -R of the README, with this test's addresses, to a port of the bastion."""

    def __init__(self, host, exporter_port, port, key):
        flags = shlex.split(code_block("ssh -N"))
        bastion = host.bastions[0]
        self.port = port
        known = f"UserKnownHostsFile={host.folder}/ssh_known_hosts"
        replaced = {"/etc/supervisor_exporter.ssh": str(key), "2222": str(bastion.port),
                    "127.0.0.1:19104:127.0.0.1:19104":
                        f"127.0.0.1:{port}:127.0.0.1:{exporter_port}",
                    "root@10.77.1.2": f"{getpass.getuser()}@127.0.0.1"}
        assert set(replaced) <= set(flags), "the README says something else"
        self.command = [replaced.get(flag, flag) for flag in flags]
        self.command[1:1] = ["-F", "/dev/null", "-o", known, "-o", "IdentitiesOnly=yes"]
        super().__init__("reverse", self.command, host.folder)


def test_a_bastion_scrapes_the_host_by_the_documented_tunnel(host, exporter, programs, tmp_path):
    bastion, port, other = host.bastions[0], free_port(), free_port()
    key = tmp_path / "metrics"
    public = new_key(key).split()
    line = code_block("restrict").replace("ssh-ed25519 AAAA…", " ".join(public[:2]))
    assert public[1] in line
    with bastion.authorized.open("a") as authorized:
        authorized.write(line.replace("19104", str(port)))
    reverse = ReverseTunnel(host, exporter.port, port, key)
    programs.append(reverse)
    reverse.start()

    def through():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return http_request(port, "/metrics", seconds=3)
    page = Page(reverse.wait(through, 20, "reaches the exporter").text)
    assert page["validator_supervisor_daemon_up"] == 1
    with socket.socket() as outside:  # It listens on loopback alone.
        outside.settimeout(2)
        assert outside.connect_ex(("127.0.0.2", port)) != 0
    # Nothing else is done by that key: no command, no other port either way.
    base = [flag for flag in reverse.command if flag not in ("-N", "-T")]
    command = subprocess.run([*base[:base.index("-R")], base[-1], "echo", "hello"],
                             capture_output=True, text=True, timeout=30, check=False)
    assert command.returncode == 1 and command.stdout == "", command
    refused = ReverseTunnel(host, exporter.port, other, key)
    programs.append(refused)
    Program.start(refused)
    assert refused.process.wait(20) == 255 and not listens(other)
    local = free_port()
    at = reverse.command.index("-R")
    out = Program("local", [*reverse.command[:at], "-L",
                            f"127.0.0.1:{local}:127.0.0.1:{exporter.port}",
                            reverse.command[-1]], tmp_path)
    programs.append(out)
    out.start()
    out.wait(lambda: listens(local), 20, "listens here")
    with pytest.raises((OSError, http.client.HTTPException)):
        http_request(local, "/metrics", seconds=5)
    # The bastion's restart ends it, and so does a silent link, for its unit to start it again.
    bastion.stop()
    assert reverse.process.wait(20) == 255
    bastion.start()
    reverse.command[1:1] = ["-o", "ServerAliveInterval=1"]  # Of two, ssh takes the first.
    reverse.argv = reverse.command
    reverse.start()
    reverse.wait(through, 20, "reaches the exporter again")
    bastion.freeze()
    assert reverse.process.wait(20) == 255
