#!/usr/bin/env python3
"""A private PostgreSQL for tests and for the demo: Debian's server on a unix socket in a folder of
its own. A cluster of the system is left alone.

As a program it runs one in the foreground until its standard input ends:
  tests/postgres.py FOLDER [tls=CERTIFICATE,KEY] [SETTING=VALUE…]
prints "ready FOLDER" once it answers; the superuser `postgres` comes in by the socket without a
password.
"""
import contextlib
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Program, wait_until  # noqa: E402

SERVER_USER = "postgres"  # Of Debian's package. A PostgreSQL does not run as root.


def _programs_folder():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                   key=lambda path: int(path.split("/")[4]))
    assert found, "no PostgreSQL: scripts/install-packages.sh test"
    return pathlib.Path(found[-1])


def as_server():
    """What a command begins with to run as who may."""
    if os.getuid() != 0:
        return []
    who = pwd.getpwnam(SERVER_USER)
    return ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups",
            "--pdeathsig=KILL", "--"]


class SqlError(Exception):
    """What the server said."""


class Postgres(Program):
    """Its folder holds the socket and the data. `hba`: lines before those that let all in who come
    by the socket. `tls`: files of a certificate and its key. `settings`: of postgresql.conf."""

    def __init__(self, folder, hba=(), tls=None, **settings):
        self.folder = self.place = pathlib.Path(folder) / "postgres"
        if os.getuid() == 0 and any(part.startswith("pytest-of-") for part in self.folder.parts):
            # The server's user must get there, and pytest closes its folders to all others whenever
            # another pytest starts: it is elsewhere, and has a link here.
            self.place = pathlib.Path(tempfile.mkdtemp(prefix="stakewatch-postgres."))
        self.data = self.place / "data"
        self.bin = _programs_folder()
        self.hba = list(hba)
        self.tls = dict(zip(("server.crt", "server.key"), tls or ()))
        if tls:
            settings = {"ssl": "on", **settings}
        self.port = str(settings.get("port", 5432))
        # No durability: the folder is thrown away. A stopped backend holds nothing up for long.
        settings = {"listen_addresses": "", "unix_socket_directories": self.place,
                    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
                    "max_connections": "30", "shared_buffers": "32MB", "lc_messages": "C",
                    "autovacuum_naptime": "1h", **settings}
        flags = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        super().__init__("postgres", [*as_server(), self.bin / "postgres", "-D", self.data, *flags],
                         folder)

    @property
    def dsn(self):
        """Without a role and a database."""
        return f"host={self.folder} port={self.port}"

    def _create(self):
        if self.place == self.folder:
            self.place.mkdir()
        else:
            self.folder.symlink_to(self.place)
        self.place.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.place, SERVER_USER, SERVER_USER)
            _let_through(self.place.parent)
        done = subprocess.run([*as_server(), self.bin / "initdb", "-D", self.data, "-U", "postgres",
                               "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
                              capture_output=True, cwd="/", timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        for name, file in self.tls.items():
            copy = pathlib.Path(shutil.copy(file, self.data / name))
            copy.chmod(0o600)
            if os.getuid() == 0:
                shutil.chown(copy, SERVER_USER, SERVER_USER)
        hba = self.data / "pg_hba.conf"
        hba.write_text("".join(line + "\n" for line in self.hba) + hba.read_text())

    def start(self):
        if not self.data.exists():
            self._create()
        super().start()
        self.wait(self.is_ready, 60, "answers")
        return self

    def is_ready(self):
        done = subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder, "-p", self.port,
                               "-t", "2"],
                              check=False)
        return done.returncode == 0

    def sql(self, text, database="postgres", role="postgres", variables=None):
        """What psql prints of the statements: a line a row, | between columns. Each by itself unless
        the text says BEGIN."""
        words = [self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                 *(f"-v{key}={value}" for key, value in (variables or {}).items()),
                 "-h", self.folder, "-p", self.port, "-U", role, "-d", database, "-f", "-"]
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=300,
                              check=False)
        if done.returncode != 0:
            raise SqlError(done.stderr.decode())
        return done.stdout.decode().rstrip("\n")

    def load(self, path, database="postgres", role="postgres", variables=None):
        return self.sql(pathlib.Path(path).read_text(), database, role, variables)

    def backends(self, application_name):
        """The process ids of who connected under that name."""
        told = self.sql("SELECT pid FROM pg_stat_activity WHERE application_name = "
                        f"'{application_name}'")
        return [int(pid) for pid in told.split()]

    def terminate(self, application_name):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 f"WHERE application_name = '{application_name}'")

    def family(self):
        """All of the server's processes, the first one first."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *(int(pid) for pid in children.read_text().split())]

    def hang_all(self):
        for pid in self.family():
            hang(pid)

    def go_on_all(self):
        for pid in self.family():
            go_on(pid)

    def kill(self):
        """All of it at once, as when a machine loses its power."""
        family = self.family()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        for pid in family[1:]:
            wait_until(lambda gone=pid: not pathlib.Path(f"/proc/{gone}").exists(), 10, "killed")

    def stop(self):
        """In order: connections are ended, the data is written."""
        self.end(signal.SIGINT)

    def restart(self):
        self.stop()
        self.start()

    def discard(self):
        if self.running():
            self.kill()
        if self.place != self.folder:
            shutil.rmtree(self.place, ignore_errors=True)


def _stands_or_ended(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return re.search(r"^State:\s+[TZ]", status, re.MULTILINE)


def hang(pid):
    """Stops a process, and returns when it stands, or has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _stands_or_ended(pid), 10, "stopped")


def go_on(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _let_through(folder):
    """The server's user must get to its folder, which may lie in others that are root's alone."""
    for place in (folder, *folder.parents):
        status = place.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o001:
            place.chmod(status.st_mode | 0o011)


def main():
    folder, *settings = sys.argv[1:]
    settings = dict(setting.split("=", 1) for setting in settings)
    tls = settings.pop("tls", None)
    server = Postgres(folder, tls=tls.split(",") if tls else None, **settings)
    server.start()
    print(f"ready {server.folder}", flush=True)
    sys.stdin.read()
    server.discard()


if __name__ == "__main__":
    main()
