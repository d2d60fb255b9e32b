"""A node of the matrix: its clients, simulated or a real Geth, and the exporters that watch it."""
import dataclasses
import os
import pathlib
import subprocess
import sys

from harness import ROOT, Exporter, Geth, Program, Simulator, answers, free_port, free_ports

sys.path[:0] = [str(ROOT / "tests/computehorde"), str(ROOT / "tests/mina")]
from coordinator import Coordinator  # noqa: E402
from validator import Validator  # noqa: E402

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))
FACES = ("http", "ws", "control", "beacon", "validator-client")
# Of the jobs that have one more.
MORE_FACES = {"supervisord": "supervisord", "validator-supervisor": "supervisor",
              "jormungandr": "jormungandr"}
BASTIONS = ("10.77.1.2:2222", "10.77.2.2:2222")  # The simulator's.
SLOTS_PER_EPOCH = 32


@dataclasses.dataclass(frozen=True)
class Setup:
    """What runs, and what of it is watched."""
    jobs: tuple = ("geth", "beacon")  # What is scraped; also prysm-validator, node_exporter,
                                      # jormungandr, mina, computehorde, supervisord,
                                      # validator-supervisor.
    validators: bool = False          # The beacon exporter judges the duties of the own validators.
    real_geth: bool = False           # In place of all that is simulated.
    born: bool = False                # Starts, and is watched, only when the fault begins.
    heads: bool = True                # With Geth's feed of heads.
    history: int = 6                  # Epochs that the chain has at the start.
    network: int = 100_000            # Validators; 16 are ours, and with 64 they propose and sign.


class Disk(Program):
    """A real node_exporter and a small disk, mounted for it alone and as long as it lives. Of a
    file system that is nobody else's, so that the machine's own disks are not watched."""

    def __init__(self, folder):
        self.port = free_port()
        image, self.mounted = folder / "disk.img", folder / "disk"
        self.mounted.mkdir()
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext2", "-q", "-m", "0", image], check=True, timeout=60)
        others = "^(ext[34]|xfs|btrfs|zfs|overlay|tmpfs|.*fs)$"
        super().__init__("node_exporter", [
            # It reads the mounts of process 1, so it has to be that.
            "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
            "--mount-proc", "sh", "-c",
            'mount -t ext2 -o loop "$0" "$1" && shift && exec "$@"', image, self.mounted,
            "prometheus-node-exporter", "--collector.disable-defaults", "--collector.filesystem",
            f"--collector.filesystem.fs-types-exclude={others}",
            f"--web.listen-address=127.0.0.1:{self.port}"], folder)

    def start(self):
        super().start()
        self.wait(lambda: answers(self.port, "/"), 20, "serves")
        return self

    @property
    def _file(self):
        # In its mount namespace.
        return pathlib.Path(f"/proc/{self.process.pid}/root{self.mounted}/data")

    def fill(self):
        free = os.statvfs(self._file.parent)
        self._file.write_bytes(bytes(int(free.f_bavail * free.f_frsize * 0.99)))

    def empty(self):
        self._file.unlink()


class Node:
    def __init__(self, name, folder, setup, slot):
        self.name, self.setup, self.slot = name, setup, slot
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.geth = self.sim = self.disk = self.validator = self.coordinator = None
        self.exporters = {}

    def start(self, *faults):
        if self.setup.real_geth:
            # With all states on disk: after a kill -9 it goes on where it was.
            self.geth = Geth(self.folder, "--dev", "--dev.period", "1", "--state.scheme", "hash",
                             "--gcmode", "archive").start()
        elif "node_exporter" in self.setup.jobs:
            self.disk = Disk(self.folder).start()
        elif "computehorde" in self.setup.jobs:
            self.validator = Validator(self.folder).start()
        elif "mina" in self.setup.jobs:
            self.coordinator = Coordinator(self.folder).start()
        else:
            more = tuple(face for job, face in MORE_FACES.items() if job in self.setup.jobs)
            flags = []
            if "supervisor" in more:
                self.forwards = free_ports(8)
                flags = [f"--supervisor-forwards={self.forwards}",
                         f"--supervisor-procfs={self.folder}/proc"]
            self.sim = Simulator(BIN / "stakewatch_sim", self.folder, f"--slot={self.slot}s",
                                 f"--slots-per-epoch={SLOTS_PER_EPOCH}",
                                 f"--history-epochs={self.setup.history}",
                                 f"--validators={self.setup.network}", *flags,
                                 faces=FACES + more, port=free_port).start()
            for fault in faults:
                self.sim.fault(**fault)
        flags = {"geth": self._geth_flags, "beacon": self._beacon_flags,
                 "jormungandr": self._jormungandr_flags,
                 "computehorde": lambda: self.validator.flags,
                 "mina": self._mina_flags,
                 "supervisord": self._supervisord_flags,
                 "validator-supervisor": self._supervisor_flags}
        for job in self.setup.jobs:
            if job in flags:
                name = job.removeprefix("validator-") + "_exporter"
                self.exporters[job] = Exporter(BIN / name, self.folder, *flags[job](), name=name,
                                               port=free_port()).start()

    def _geth_flags(self):
        # A dev chain has no peers. And no feed: a killed Geth loses blocks and makes others, which
        # is a true ReorgDeep.
        if self.geth:
            return [f"--geth.url={self.geth.url}", "--source.disable=peers",
                    "--source.disable=network"]
        flags = [f"--geth.url={self.sim.url()}", "--geth.network=mainnet"]
        if self.setup.heads:
            flags.append(f"--geth.ws-url=ws://127.0.0.1:{self.sim.ports['ws']}")
        return flags

    def _beacon_flags(self):
        flags = [f"--beacon.url={self.sim.url('beacon')}", "--beacon.network=mainnet",
                 f"--beacon.execution-url={self.sim.url()}"]
        if self.setup.validators:
            self.validators_file.write_text(self.sim.control("/validators", "GET"))
            flags.append(f"--validators-file={self.validators_file}")
        if "prysm-validator" in self.setup.jobs:
            token = self.folder / "token"
            token.touch(0o600)
            token.write_text(self.sim.control("/token", "GET"))
            flags += [f"--keymanager.url={self.sim.url('validator-client')}",
                      f"--keymanager.bearer-token-file={token}"]
        return flags

    def _jormungandr_flags(self):
        url = self.sim.url("jormungandr")
        return [f"--jormungandr.url={url}", *(f"--jormungandr.reference=n{i}={url}/node/{i}"
                                              for i in (1, 2))]

    def _mina_flags(self):
        return [f"--mina.dsn={self.coordinator.dsn}", "--mina.interval=1m"]

    def _supervisord_flags(self):
        return [f"--supervisord.url={self.sim.url('supervisord')}"]

    def _supervisor_flags(self):
        """As on the validator host, without its folders."""
        key = self.folder / "key"
        key.touch(0o600)
        key.write_text("ffeeddccbbaa99887766554433221100\n")
        return [f"--supervisor.rpc=127.0.0.1:{self.sim.ports['supervisor']}",
                f"--supervisor.key-file={key}", f"--supervisor.port-base={self.forwards}",
                f"--path.procfs={self.folder}/proc",
                *(f"--supervisor.node={bastion}" for bastion in BASTIONS)]

    @property
    def validators_file(self):
        return self.folder / "validators.txt"

    def targets(self):
        """What Prometheus scrapes, by job."""
        found = {job: [f"127.0.0.1:{one.port}"] for job, one in self.exporters.items()}
        if "prysm-validator" in self.setup.jobs:
            found["prysm-validator"] = [f"127.0.0.1:{self.sim.ports['validator-client']}"]
        if self.disk:
            found["node_exporter"] = [f"127.0.0.1:{self.disk.port}"]
        return found

    def epoch_and_slot(self):
        """By the beacon node's clock, the slot within its epoch."""
        return divmod(self.sim.state()["beacon"]["clock_slot"], SLOTS_PER_EPOCH)

    def discard(self):
        for program in (*self.exporters.values(), self.sim, self.geth, self.disk,
                        self.validator, self.coordinator):
            if program is not None:
                program.discard()
