"""What the tests of real programs share: processes ended by their id, ports, pages, waiting.

Only the standard library. Nothing here sleeps for a fixed time: wait_until looks again and again
until a condition holds, and fails when it does not in time.
"""
import ctypes
import fcntl
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOOK_AGAIN_SECONDS = 0.02, 0.1  # At first, and after a second of waiting.
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
EPHEMERAL_PORTS_BEGIN = 32768  # Linux's default.


def wait_until(condition, seconds, what, every=None):
    """The first true value of condition(), looked for until `seconds` have passed."""
    begun = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begun
        if waited > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every or LOOK_AGAIN_SECONDS[waited > 1])


_given_ports = set()
_port_locks = open(pathlib.Path(tempfile.gettempdir()) / f"stakewatch-test-ports-{os.getuid()}", "w")


def _take(port):
    """Whether this process has it from now on, of all that run tests at the same time: each port is
    a byte of one file, locked until the process ends."""
    try:
        fcntl.lockf(_port_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def free_port():
    """A port that nobody listens on, below those that the kernel gives to connections: a program
    that is started again finds it still free."""
    while True:
        port = random.randrange(20000, EPHEMERAL_PORTS_BEGIN)
        if port in _given_ports or not _take(port):
            continue
        _given_ports.add(port)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def free_ports(count):
    """The first of so many ports in a row, as free_port's."""
    while True:
        base = free_port()
        others = range(base + 1, base + count)
        if not all(port < EPHEMERAL_PORTS_BEGIN and port not in _given_ports and _take(port)
                   and not listens(port) for port in others):
            continue
        _given_ports.update(others)
        return base


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A process with its output in a file. Ended by its id, within a bound."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        self.env = {**os.environ, **(env or {})}
        self.process = None

    def start(self):
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.env,
                                            preexec_fn=_die_with_parent)
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As a crash or the kernel's out-of-memory killer ends it; returns when it is gone."""
        self.send(signal.SIGKILL)
        self.process.wait(10)

    def end(self, number=signal.SIGTERM, seconds=20):
        """The exit status. Killed, and the test fails, if it has not ended in time."""
        if self.running():
            self.send(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end in {seconds} s:\n"
                                 + self.log()[-2000:]) from None

    def hang(self):
        """Stopped, as a process that hangs: its sockets take connections, nothing answers."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: self.state() == "T", 10, "stopped")

    def go_on(self):
        self.send(signal.SIGCONT)

    def state(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(r"^State:\s+(\w)", status, re.MULTILINE)[1]

    def discard(self):
        """At the end of a test, whatever its state: also a stopped process can be killed."""
        if self.running():
            self.kill()

    def wait(self, condition, seconds, what):
        """wait_until, given up early when the program has ended."""
        def look():
            value = condition()
            assert value or self.running(), f"ended with {self.process.returncode}"
            return value
        try:
            return wait_until(look, seconds, f"{self.name}: {what}")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log()[-2000:]}") from None


class Answer:
    """Of an HTTP request, with how long it took."""

    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    @property
    def text(self):
        return self.body.decode()


def http_request(port, path, method="GET", body=None, headers=None, seconds=10):
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        read = response.read()
        return Answer(response.status, response.headers, read, time.monotonic() - begun)
    finally:
        connection.close()


def answers(port, path):
    """Whether a GET is answered by 200 at all."""
    try:
        return http_request(port, path, seconds=2).status == 200
    except (OSError, http.client.HTTPException):
        return False


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')


class Page:
    """Samples of a page in the text format, by name and labels."""

    def __init__(self, text, seconds=0.0):
        self.text, self.seconds = text, seconds
        self.samples = {}
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, f"no sample: {line!r}"
            name, labels, value = match.groups()
            key = (name, frozenset(_LABEL.findall(labels or "")))
            assert key not in self.samples, f"twice on the page: {line}"
            self.samples[key] = float(value)

    def get(self, name, /, **labels):
        return self.samples.get((name, frozenset(labels.items())))

    def __getitem__(self, name):
        value = self.get(name)
        assert value is not None, f"{name} is not on the page"
        return value

    def series(self, name):
        """{labels: value}, each set of labels as a dict's items."""
        return {labels: value for (of, labels), value in self.samples.items() if of == name}

    def by(self, name, label):
        return {dict(labels)[label]: value for labels, value in self.series(name).items()}

    def names(self):
        return {name for name, _ in self.samples}


def promtool_accepts(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(),
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


class Exporter(Program):
    """One of our exporters on a port of its own."""

    def __init__(self, program, folder, *flags, name="geth_exporter", env=None, port=0):
        super().__init__(name, [program, f"--web.listen-address=127.0.0.1:{port}", *flags], folder,
                         env)
        self.port = None

    def start(self):
        before = len(self.log())
        super().start()
        served = self.wait(lambda: re.search(r"serving.* address=\"?127\.0\.0\.1:(\d+)",
                                             self.log()[before:]), 20, "serves")
        self.port = int(served[1])
        return self

    def page(self, timeout_seconds=None):
        headers = {}
        if timeout_seconds is not None:
            headers["X-Prometheus-Scrape-Timeout-Seconds"] = str(timeout_seconds)
        answer = http_request(self.port, "/metrics", headers=headers, seconds=30)
        assert answer.status == 200, answer.text
        return Page(answer.text, answer.seconds)


class Simulator(Program):
    """stakewatch_sim: a Geth, and with --beacon and --validator-client their faces, too. Its faults
    are the keywords of its control port: fault(kind="stuck", target="beacon")."""

    def __init__(self, program, folder, *flags, faces=("http", "ws", "control"), port=lambda: 0):
        super().__init__("sim", [
            program, *(f"--{face}=127.0.0.1:{port()}" for face in faces), *flags], folder)
        self.faces, self.ports = faces, {}

    def _bound(self):
        lines = dict(line.split(" ", 1) for line in self.log().splitlines()
                     if " 127.0.0.1:" in line)
        found = {face: int(address.rsplit(":", 1)[1]) for face, address in lines.items()
                 if face in self.faces}
        return found if len(found) == len(self.faces) else None

    def start(self):
        super().start()
        self.ports = self.wait(self._bound, 20, "listens")
        return self

    def url(self, face="http"):
        return f"http://127.0.0.1:{self.ports[face]}"

    def control(self, path, method="POST"):
        answer = http_request(self.ports["control"], path, method=method)
        assert answer.status == 200, f"{path}: {answer.text}"
        return answer.text

    def fault(self, **query):
        self.control("/fault?" + urllib.parse.urlencode(query))

    def clear(self, **query):
        self.control("/clear?" + urllib.parse.urlencode(query))

    def state(self):
        return json.loads(self.control("/state", "GET"))


class Webhook:
    """Takes what Alertmanager sends; each notification with its path and the time it came."""

    def __init__(self):
        self.received = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((self.path, time.monotonic(), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def of(self, path, status=None):
        return [(at, body) for where, at, body in list(self.received)
                if where == path and (status is None or body["status"] == status)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


class Prometheus(Program):
    def __init__(self, folder, config, *flags):
        self.port = free_port()
        super().__init__("prometheus", [
            "prometheus", f"--config.file={config}",
            f"--storage.tsdb.path={pathlib.Path(folder) / 'prometheus-data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.external-url=http://127.0.0.1:{self.port}", *flags], folder)

    def start(self):
        super().start()
        self.wait(lambda: answers(self.port, "/-/ready"), 60, "is ready")
        return self

    def query(self, expression):
        """The result of an instant query: a list of {"metric": …, "value": [time, text]}."""
        answer = http_request(self.port, "/api/v1/query?"
                              + urllib.parse.urlencode({"query": expression}))
        told = json.loads(answer.body)
        assert told["status"] == "success", told
        return told["data"]["result"]

    def alerts(self):
        """What is pending or fires now, as Prometheus has it in hand."""
        return json.loads(http_request(self.port, "/api/v1/alerts").body)["data"]["alerts"]

    def value(self, expression):
        result = self.query(expression)
        return float(result[0]["value"][1]) if len(result) == 1 else None


class Alertmanager(Program):
    def __init__(self, folder, config, port, program=None, name="alertmanager", cluster=("", None)):
        """`program`: another one than this machine's. `cluster`: its own address there, and that of
        another one."""
        self.port = port
        address, peer = cluster
        program = program or (shutil.which("prometheus-alertmanager")
                              or shutil.which("alertmanager"))
        assert program, "no Alertmanager: scripts/install-packages.sh test"
        super().__init__(name, [
            program, f"--config.file={config}",
            f"--storage.path={pathlib.Path(folder) / name}-data",
            f"--cluster.listen-address={address}", *([f"--cluster.peer={peer}"] if peer else []),
            f"--web.listen-address=127.0.0.1:{port}"], folder)

    def start(self):
        super().start()
        self.wait(lambda: answers(self.port, "/-/ready"), 60, "is ready")
        return self


GETH = os.environ.get("STAKEWATCH_GETH", "geth")
MODULES = "eth,net,web3,admin,txpool"
GETH_START_SECONDS = 60  # It answers after one second on an idle machine.


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
        self.wait(self.answers, GETH_START_SECONDS, "answers")
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
