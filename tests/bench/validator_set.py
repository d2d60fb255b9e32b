"""Measures how the whole validator set is read, in turns, each by a fresh process: from a file and
over loopback HTTP, against reading and touching the same bytes (the limit), a Go streaming decoder
and nlohmann's SAX interface. docs/performance.md says what the numbers mean."""
import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import tempfile


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.ours = pathlib.Path(options.bin).resolve() / "validator_set_bench"
        self.go = pathlib.Path(options.bin).resolve() / "validator-set-go"
        self.folder = pathlib.Path(folder)

    def make(self, validators, layout):
        path = self.folder / f"{validators}-{layout}.json"
        subprocess.run([self.ours, "make", str(validators), layout, path], check=True)
        self.turn("touch", path)  # Into the page cache.
        return path

    @contextlib.contextmanager
    def served(self, path):
        with subprocess.Popen([self.ours, "serve", path], stdout=subprocess.PIPE,
                              text=True) as server:
            try:
                yield server.stdout.readline().strip()
            finally:
                server.terminate()

    def command(self, how, where):
        return [self.go, where] if how == "go" else [self.ours, how, where]

    def turn(self, how, where):
        """Wall and CPU seconds, MB at most, and what was found."""
        out = subprocess.run(self.command(how, where), check=True, capture_output=True,
                             text=True).stdout.splitlines()
        wall, cpu, kilobytes = out[1].removeprefix("took ").split()
        return float(wall), float(cpu), int(kilobytes) / 1024, out[0]

    def rows(self, title, where, readers):
        turns = {how: [] for how in readers}
        for turn in range(self.options.turns):
            for how in readers:
                # What takes seconds is measured often enough by two turns.
                if how in ("go", "sax") and turn >= self.options.slow_turns:
                    continue
                turns[how].append(self.turn(how, where))
        found = {turn[3] for how in readers if how != "touch" for turn in turns[how]}
        if len(found) != 1:
            raise SystemExit(f"they do not find the same: {found}")
        limit = statistics.median(turn[1] for turn in turns["touch"])
        ours = statistics.median(turn[1] for turn in turns["ours"])
        for how in readers:
            wall, cpu, memory = (statistics.median(turn[i] for turn in turns[how])
                                 for i in range(3))
            least = min(turn[1] for turn in turns[how])
            print(f"| {title} | {NAMES[how]} | {wall:.3f} | {cpu:.3f} ({least:.3f}) | "
                  f"{limit / cpu:.2f} | {cpu / ours:.1f} | {memory:.1f} |", flush=True)

    def run(self):
        print(f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f} at the start")
        print("| validators, layout, from | read by | wall s | CPU s (least) | speed of the limit, by "
              "CPU | CPU of ours | peak RSS MB |\n|---|---|---|---|---|---|---|")
        for validators in self.options.validators:
            for layout in self.options.layouts.split(","):
                path = self.make(validators, layout)
                title = f"{validators / 1e6:g} M, {layout}"
                compared = layout == "clients"
                self.rows(f"{title}, file", path,
                          ["touch", "ours"] + (["go", "sax"] if compared else []))
                if compared:
                    with self.served(path) as url:
                        self.rows(f"{title}, HTTP", url, ["touch", "ours", "go"])
                path.unlink()
        print(f"load average {os.getloadavg()[0]:.1f} at the end")


NAMES = {"touch": "read and touch", "ours": "ours", "go": "Go, encoding/json",
         "sax": "nlohmann SAX"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", default="build/release/bin", help="where the programs are")
    parser.add_argument("--validators", type=int, nargs="+", default=[1_000_000, 2_200_000])
    parser.add_argument("--layouts", default="clients,spaced,irregular", help="by commas")
    parser.add_argument("--turns", type=int, default=9, help="of each reader")
    parser.add_argument("--slow-turns", type=int, default=3, help="of Go and nlohmann")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stakewatch-bench-") as folder:
        Bench(options, folder).run()


if __name__ == "__main__":
    main()
