"""A real supervisord for the tests beside it, and what the kernel says of its programs."""
import os
import pathlib
import re
import signal
import subprocess
import xmlrpc.client

from harness import Program, free_port, listens

USER = "watch"


class Supervisord(Program):
    """One supervisord on a socket and a port. What it has started outlives it when it is killed,
    and is ended with the test."""

    def __init__(self, folder, programs, name="supervisord", password=None, socket_options=""):
        folder = pathlib.Path(folder)
        self.port, self.socket = free_port(), folder / f"{name}.sock"
        self.credentials = f"{USER}:{password}@" if password else ""
        self.config, self.orphans = folder / f"{name}.conf", set()
        secret = f"username={USER}\npassword={password}\n" if password else ""
        self.config.write_text(f"""
[supervisord]
identifier={name}
logfile={folder}/{name}-own.log
pidfile={folder}/{name}.pid
childlogdir={folder}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[unix_http_server]
file={self.socket}
{socket_options}
{secret}
[inet_http_server]
port=127.0.0.1:{self.port}
{secret}
[supervisorctl]
serverurl=unix://{self.socket}
{secret}
{programs}""")
        super().__init__(name, ["supervisord", "-n", "-c", self.config], folder)

    def url(self, transport):
        return {"unix": f"unix://{self.socket}", "tcp": f"http://127.0.0.1:{self.port}"}[transport]

    def start(self):
        super().start()
        self.wait(lambda: listens(self.port) and self.states(), 60, "answers")
        return self

    def ask(self, *command):
        return subprocess.run(["supervisorctl", "-c", self.config, *command], capture_output=True,
                              text=True, timeout=60, check=False).stdout

    def states(self):
        """{(group, name): state} by supervisorctl."""
        found = re.findall(r"^(?:(\S+):)?(\S+) +([A-Z]+)\b", self.ask("status"), re.MULTILINE)
        return {(group or name, name): state for group, name, state in found}

    def infos(self):
        """{(group, name): what Python's own client reads of it}."""
        url = f"http://{self.credentials}127.0.0.1:{self.port}/RPC2"
        with xmlrpc.client.ServerProxy(url) as proxy:
            return {(one["group"], one["name"]): (one["start"], one["stop"], one["spawnerr"])
                    for one in proxy.supervisor.getAllProcessInfo()}

    def pid(self, name):
        return int(self.ask("pid", name))

    def _remember_children(self):
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            self.orphans |= {int(pid) for pid in path.read_text().split()}
        except FileNotFoundError:
            pass

    def kill(self):
        self._remember_children()
        super().kill()

    def discard(self):
        super().discard()
        for pid in self.orphans:
            # Not one that has got the number since.
            comm = pathlib.Path(f"/proc/{pid}/comm")
            if alive(pid) and comm.read_text().strip() in ("sleep", "sh", "python3"):
                os.kill(pid, signal.SIGKILL)


def alive(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    return not re.search(r"^State:\s+Z", status, re.MULTILINE)


def started_at(pid):
    """In Unix time, by the kernel."""
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    boot = re.search(r"^btime (\d+)", pathlib.Path("/proc/stat").read_text(), re.MULTILINE)
    return int(boot[1]) + ticks / os.sysconf("SC_CLK_TCK")
