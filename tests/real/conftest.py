"""A real Geth: its processes, and what it says of itself over its IPC socket."""
import json
import os
import pathlib
import re
import signal
import socket
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT, Exporter, Program, free_port, listens, wait_until  # noqa: E402

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/release/bin"))
GETH = os.environ.get("STAKEWATCH_GETH", "geth")
MODULES = "eth,net,web3,admin,txpool"
START_SECONDS = 60  # Geth answers after one second on an idle machine.


def number(quantity):
    return int(quantity, 16)


class RpcError(Exception):
    pass


class Geth(Program):
    """One node; its flags and ports stay the same when it is started again."""

    def __init__(self, folder, *flags, name="geth", http_modules=MODULES):
        folder = pathlib.Path(folder)
        self.http_port, self.ws_port, self.p2p_port = free_port(), free_port(), free_port()
        self.auth_port = free_port()
        self.datadir = folder / name
        self.ipc = str(folder / f"{name}.ipc")
        super().__init__(name, [
            GETH, "--datadir", self.datadir, "--ipcpath", self.ipc,
            "--port", self.p2p_port, "--authrpc.port", self.auth_port, "--cache", "64",
            "--http", "--http.port", self.http_port, "--http.api", http_modules,
            "--ws", "--ws.port", self.ws_port, "--ws.api", MODULES, *flags], folder)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def ws_url(self):
        return f"ws://127.0.0.1:{self.ws_port}"

    def start(self):
        super().start()
        self.wait(self.answers, START_SECONDS, "answers")
        return self

    def answers(self):
        """Over all three transports."""
        try:
            self.ask("web3_clientVersion", seconds=2)
        except (OSError, ValueError):
            return False
        return listens(self.http_port) and listens(self.ws_port)

    def ask(self, method, *params, seconds=10):
        """The result of a call over IPC, which is not the way under test."""
        with socket.socket(socket.AF_UNIX) as ipc:
            ipc.settimeout(seconds)
            ipc.connect(self.ipc)
            ipc.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                    "params": params}).encode())
            text = b""
            while not text.endswith(b"\n"):
                read = ipc.recv(65536)
                if not read:
                    raise ConnectionError("closed in the middle of an answer")
                text += read
        answer = json.loads(text)
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]

    def head(self):
        return number(self.ask("eth_blockNumber"))

    def hang(self):
        """Stopped, as a process that hangs: its sockets take connections, nothing answers."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: self.state() == "T", 10, "stopped")

    def go_on(self):
        self.send(signal.SIGCONT)

    def state(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(r"^State:\s+(\w)", status, re.MULTILINE)[1]


@pytest.fixture
def programs():
    """What is put in here has ended when the test has."""
    started = []
    yield started
    for program in reversed(started):
        program.discard()


@pytest.fixture
def run_exporter(tmp_path, programs):
    def run(*flags, program="geth_exporter", name=None):
        exporter = Exporter(BIN / program, tmp_path, *flags, name=name or program)
        programs.append(exporter)
        return exporter.start()
    return run


@pytest.fixture
def dev_geth(tmp_path, programs):
    """A function that starts a node whose chain moves, a block a second."""
    def start(**options):
        geth = Geth(tmp_path, "--dev", "--dev.period", "1", **options)
        programs.append(geth)
        geth.start()
        geth.wait(lambda: geth.head() >= 1, START_SECONDS, "makes blocks")
        return geth
    return start
