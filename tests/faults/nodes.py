"""A node of the matrix: its clients, simulated or a real Geth, and the exporters that watch it."""
import dataclasses
import os
import pathlib

from harness import ROOT, Exporter, Geth, Simulator, free_port

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))
FACES = ("http", "ws", "control", "beacon", "validator-client")
SLOTS_PER_EPOCH = 32


@dataclasses.dataclass(frozen=True)
class Setup:
    """What runs, and what of it is watched."""
    jobs: tuple = ("geth", "beacon")  # What Prometheus scrapes: geth, beacon, prysm-validator.
    validators: bool = False          # The beacon exporter judges the duties of the own validators.
    real_geth: bool = False           # In place of all that is simulated.
    born: bool = False                # Starts, and is watched, only when the fault begins.


class Node:
    def __init__(self, name, folder, setup, slot):
        self.name, self.setup, self.slot = name, setup, slot
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.geth = self.sim = None
        self.exporters = {}

    def start(self, *faults):
        if self.setup.real_geth:
            self.geth = Geth(self.folder, "--dev", "--dev.period", "1").start()
        else:
            self.sim = Simulator(BIN / "stakewatch_sim", self.folder, f"--slot={self.slot}s",
                                 f"--slots-per-epoch={SLOTS_PER_EPOCH}", faces=FACES,
                                 port=free_port).start()
            for fault in faults:
                self.sim.fault(**fault)
        flags = {"geth": self._geth_flags, "beacon": self._beacon_flags}
        for job in self.setup.jobs:
            if job in flags:
                self.exporters[job] = Exporter(BIN / f"{job}_exporter", self.folder, *flags[job](),
                                               name=f"{job}_exporter", port=free_port()).start()

    def _geth_flags(self):
        # Without a feed: a killed Geth loses blocks and makes others, which is a true ReorgDeep.
        if self.geth:
            return [f"--geth.url={self.geth.url}"]
        return [f"--geth.url={self.sim.url()}", "--geth.network=mainnet",
                f"--geth.ws-url=ws://127.0.0.1:{self.sim.ports['ws']}"]

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

    @property
    def validators_file(self):
        return self.folder / "validators.txt"

    def targets(self):
        """What Prometheus scrapes, by job."""
        found = {job: [f"127.0.0.1:{one.port}"] for job, one in self.exporters.items()}
        if "prysm-validator" in self.setup.jobs:
            found["prysm-validator"] = [f"127.0.0.1:{self.sim.ports['validator-client']}"]
        return found

    def epoch_and_slot(self):
        """By the beacon node's clock, the slot within its epoch."""
        return divmod(self.sim.state()["beacon"]["clock_slot"], SLOTS_PER_EPOCH)

    def discard(self):
        for program in (*self.exporters.values(), self.sim, self.geth):
            if program is not None:
                program.discard()
