#!/usr/bin/env python3
"""A private Redis for tests and for the demo: Debian's server on a unix socket in a folder of its
own, with a user that may do what our exporters do and nothing else. One of the system is left
alone.

As a program it runs one in the foreground until its standard input ends:
  tests/redis.py FOLDER
prints "ready SOCKET PASSWORD_FILE" once it answers.
"""
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Program  # noqa: E402
from postgres import _let_through  # noqa: E402

USER = "exporter"
RIGHTS = "+llen +hlen +zrange +ping +info"


class RedisError(Exception):
    """What the server said."""


def _server_user():
    """Of Debian's package, or nobody's: none is to run as root."""
    for name in ("redis", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("neither a user redis nor nobody")


class Redis(Program):
    """Keeps nothing on disk: started again it is empty."""

    def __init__(self, folder, password="hush", more=""):
        """`more`: lines of its configuration."""
        program = shutil.which("redis-server")
        assert program, "no Redis: scripts/install-packages.sh test"
        self.folder = pathlib.Path(folder) / "redis"
        self.socket = self.folder / "redis.sock"
        self.config = self.folder / "redis.conf"
        self.password_file = pathlib.Path(folder) / "redis-password"
        self.user = USER
        who = _server_user()
        words = ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups",
                 "--pdeathsig=KILL", "--"] if os.getuid() == 0 else []
        super().__init__("redis", [*words, program, self.config], folder)
        self.folder.mkdir(mode=0o755)
        self.set_password(password)
        self.config.write_text(
            f'port 0\nunixsocket "{self.socket}"\nunixsocketperm 777\ndir "{self.folder}"\n'
            f'save ""\nappendonly no\ndaemonize no\n'
            f"user {USER} on >{password} ~* {RIGHTS}\n{more}")
        if os.getuid() == 0:
            os.chown(self.folder, who.pw_uid, who.pw_gid)

    def set_password(self, password):
        """What the exporter is given, right or wrong."""
        self.password_file.touch(0o600)
        self.password_file.write_text(password + "\n")

    def start(self):
        if os.getuid() == 0:
            _let_through(self.folder.parent)  # Each time: another pytest closes its folder again.
        super().start()
        self.wait(self.answers, 30, "answers")
        return self

    def answers(self):
        try:
            return self.command("PING") == "PONG"
        except RedisError:
            return False

    def command(self, *words, user=None, password=None):
        """What redis-cli prints. Without a user as the one who may do everything."""
        access = ["--user", user, "--pass", password, "--no-auth-warning"] if user else []
        done = subprocess.run(["redis-cli", "-e", "-s", self.socket, *access, *words],
                              capture_output=True, timeout=20, check=False)
        if done.returncode != 0:
            raise RedisError((done.stdout + done.stderr).decode())
        return done.stdout.decode().rstrip("\n")


def main():
    server = Redis(sys.argv[1]).start()
    print(f"ready {server.socket} {server.password_file}", flush=True)
    sys.stdin.read()
    server.discard()


if __name__ == "__main__":
    main()
