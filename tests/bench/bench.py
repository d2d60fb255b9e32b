"""Measures geth_exporter beside tests/bench/peer-go, and beacon_exporter beside peer-beacon-go, on
the same simulated node: A B A B …, each turn by a fresh process, so that what else the machine does
hits both alike. Prints each pair, then the medians and the ratios of the pairs. docs/performance.md
says what the numbers mean."""
import argparse
import asyncio
import contextlib
import gzip
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

TIMEOUT = 10.0  # Of a scrape, as Prometheus's default.
INTERVAL = 15.0  # From one probe of a target to the next.
HEADERS = ("Accept: text/plain;version=0.0.4\r\nAccept-Encoding: gzip\r\n"
           "User-Agent: Prometheus/2.53.0\r\n"
           f"X-Prometheus-Scrape-Timeout-Seconds: {TIMEOUT:g}\r\n")


class Lost(Exception):
    """No whole page came."""


class Scraper:
    """One HTTP/1.1 client as Prometheus's: keeps its connection where the server does."""

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def get(self, path):
        kept = self.writer is not None
        try:
            return await self.exchange(path)
        except (OSError, EOFError, Lost):
            self.close()
            if not kept:
                raise
            return await self.exchange(path)  # The server had closed the kept connection.

    async def exchange(self, path):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{HEADERS}\r\n"
                          .encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if not head.startswith("http/1.1 200"):
            raise Lost(head.split("\r\n")[0])
        length = re.search(r"\r\ncontent-length: *(\d+)", head)
        if length:
            body = await self.reader.readexactly(int(length[1]))
        elif "\r\ntransfer-encoding: chunked" in head:
            body = await self.chunks()
        else:
            body = await self.reader.read()
        if "\r\nconnection: close" in head or not (length or "chunked" in head):
            self.close()
        if "\r\ncontent-encoding: gzip" in head:
            body = gzip.decompress(body)
        return body.decode()

    async def chunks(self):
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return body

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def sources_down(page):
    return [line for line in page.splitlines()
            if line.startswith("stakewatch_source_up{") and line.endswith(" 0")]


def checked(page):
    """A page is worth something only when every source is up on it."""
    if not page.endswith("\n") or "stakewatch_source_up{" not in page or sources_down(page):
        raise Lost(f"a page with {sources_down(page)}")
    return page


def series_of(page, prefix):
    """Names with their labels in one order: Go sorts them. What an idle feed keeps is ours alone."""
    told = set()
    for line in page.splitlines():
        if line.startswith(prefix) and not line.startswith("beaconapi_events_"):
            name, _, labels = line.rpartition(" ")[0].partition("{")
            told.add((name, *sorted(re.findall(r'(\w+="[^"]*")', labels))))
    return told


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Program:
    """One process under measurement."""

    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, close_fds=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        """Seconds of CPU so far, user and system, ended threads included, to the nanosecond: the
        CPU clock of another process (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory(self):
        """MB of VmRSS and its parts, VmHWM, and the number of threads and descriptors."""
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        told = {key: int(status[key].split()[0]) / 1024
                for key in ("VmRSS", "RssAnon", "RssFile", "VmHWM")}
        told["threads"] = int(status["Threads"])
        told["fds"] = len(list((proc / "fd").iterdir()))
        return told

    async def first_page(self, path="/metrics"):
        """Seconds from exec to the first whole page."""
        while time.monotonic() < self.began + 10:
            try:
                checked(await Scraper(self.port).get(path))
                return time.monotonic() - self.began
            except (OSError, EOFError):
                await asyncio.sleep(0.0005)
        raise Lost(f"{self.name} has no page after 10 s")


class Bench:
    def __init__(self, options):
        self.options = options
        self.bin = pathlib.Path(options.bin).resolve()

    def ours(self, url, *flags, upstream="geth"):
        port = free_port()
        return Program("ours", [self.bin / f"{upstream}_exporter", f"--{upstream}.url={url}",
                                f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
                                *flags], port)

    def peer(self, url, *flags, program="peer-go"):
        port = free_port()
        return Program("go", [self.bin / program, "-listen", f"127.0.0.1:{port}", "-url", url,
                              *flags], port)

    @contextlib.contextmanager
    def simulator(self, *flags, last="control"):
        """Yields the URLs of its faces; `last` is the last one that the flags ask for."""
        command = [self.bin / "stakewatch_sim", "--http=127.0.0.1:0", "--ws=127.0.0.1:0",
                   "--control=127.0.0.1:0", *flags]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                faces = {}
                while last not in faces:
                    face, address = process.stdout.readline().split()
                    faces[face] = f"http://{address}"
                yield faces
            finally:
                process.terminate()

    async def pairs(self, title, count, measure, started):
        """`measure` each program `count` times, in turns; `started` makes {name: program}."""
        print(f"\n{title}", flush=True)
        turns = {name: [] for name in started}
        for pair in range(count):
            for name, start in started.items():
                with start() as program:
                    turns[name].append(await measure(program))
            last = {name: turn[-1] for name, turn in turns.items()}
            print(f"  {pair + 1}: " + "; ".join(
                f"{key} {last['ours'][key]:.4g} / {last['go'][key]:.4g}" for key in last["ours"]),
                flush=True)
        for key in turns["ours"][0]:
            ours, go = ([turn[key] for turn in turns[name]] for name in ("ours", "go"))
            ratios = [a / b for a, b in zip(ours, go) if b]
            told = (f"{statistics.median(ratios):.3f} ({min(ratios):.3f}..{max(ratios):.3f})"
                    if ratios else "-")
            print(f"| {title} | {key} | {statistics.median(ours):.4g} | "
                  f"{statistics.median(go):.4g} | {told} |", flush=True)

    async def scrapes(self, program, count):
        await program.first_page()
        scraper = Scraper(program.port)
        for _ in range(20):
            checked(await scraper.get("/metrics"))
        took = []
        before = program.cpu()
        for _ in range(count):
            began = time.monotonic()
            checked(await scraper.get("/metrics"))
            took.append(time.monotonic() - began)
        cpu = program.cpu() - before
        scraper.close()
        memory = program.memory()
        return {"CPU ms per scrape": cpu / count * 1e3,
                "p50 ms": percentile(took, 0.5) * 1e3, "p99 ms": percentile(took, 0.99) * 1e3,
                f"RSS MB after {count}": memory["VmRSS"],
                "RssAnon MB": memory["RssAnon"], "RssFile MB": memory["RssFile"]}

    async def single(self, peers, count):
        with self.simulator(f"--peers={peers}") as faces:
            url = faces["http"]
            await self.pairs(f"{peers} peers", self.options.pairs,
                             lambda program: self.scrapes(program, count),
                             {"ours": lambda: self.ours(url), "go": lambda: self.peer(url)})

    async def start(self):
        async def measure(program):
            return {"first page ms": await program.first_page() * 1e3,
                    "CPU ms until then": program.cpu() * 1e3}

        with self.simulator() as faces:
            url = faces["http"]
            await self.pairs("start", 10, measure,
                             {"ours": lambda: self.ours(url), "go": lambda: self.peer(url)})

    @staticmethod
    def write_keys(path, url, count):
        """A --validators-file of the chain's first validators, in four groups."""
        with urllib.request.urlopen(f"{url}/eth/v1/beacon/states/head/validators",
                                    timeout=30) as answer:
            validators = json.load(answer)["data"][:count]
        path.write_text("".join(f"{one['validator']['pubkey']} group-{i % 4}\n"
                                for i, one in enumerate(validators)))

    @staticmethod
    async def same_series(prefix, *starts):
        """Ends the run unless all tell the same series."""
        told = []
        for start in starts:
            with start() as program:
                await program.first_page()
                told.append(series_of(await Scraper(program.port).get("/metrics"), prefix))
        if not told[0] or any(one != told[0] for one in told):
            raise Lost(f"not the same series: {sorted(told[0] ^ told[-1])[:9]}")
        print(f"both tell the same {len(told[0])} series {prefix}…")

    async def own_keys(self, validators=2000, keys=1000, count=500):
        """The sources that ask in each scrape: the jobs and the feed of ours are off."""
        with self.simulator("--beacon=127.0.0.1:0", f"--validators={validators}",
                            last="beacon") as faces, tempfile.TemporaryDirectory() as folder:
            url, path = faces["beacon"], pathlib.Path(folder) / "validators.txt"
            self.write_keys(path, url, keys)
            started = {
                "ours": lambda: self.ours(url, f"--validators-file={path}",
                                          "--source.disable=events,duties,schedule",
                                          upstream="beacon"),
                "go": lambda: self.peer(url, "-validators-file", str(path),
                                        program="peer-beacon-go")}
            await self.same_series("beaconapi_", *started.values())
            await self.pairs(f"{keys} own keys", self.options.pairs,
                             lambda program: self.scrapes(program, count), started)

    async def probe(self, program, url, hung, until, took, lost):
        began = time.monotonic()
        scraper = Scraper(program.port)
        try:
            page = await asyncio.wait_for(scraper.get(f"/probe?target={url}"), TIMEOUT)
            if hung:
                return
            checked(page)
            took.append(time.monotonic() - began)
        except (OSError, EOFError, Lost, asyncio.TimeoutError) as error:
            if not hung:
                lost.append(f"{url} after {time.monotonic() - until:.1f} s: {error!r}")
        finally:
            scraper.close()

    async def probe_rounds(self, program, url, nodes, hung_every):
        """Each target every 15 s, spread evenly; every tenth hangs."""
        for _ in range(2000):
            try:
                await Scraper(program.port).get(f"/probe?target={url}/node/1")
                break
            except OSError:
                await asyncio.sleep(0.005)
        took, lost, tasks, most = [], [], [], {}
        # Go keeps connections by host: each target is to be a host of its own, as in the field. We
        # keep them by target anyway.
        def target(node):
            host = f"http://node-{node}.invalid" if program.name == "go" else url
            return f"{host}/node/{node}"

        begin = time.monotonic()
        before = program.cpu()
        count = nodes * self.options.rounds
        for i in range(count):
            node = i % nodes
            await asyncio.sleep(begin + i * INTERVAL / nodes - time.monotonic())
            tasks.append(asyncio.create_task(self.probe(
                program, target(node), hung_every and node % hung_every == 0, begin, took,
                lost)))
            if i % 50 == 0:
                for key, value in program.memory().items():
                    most[key] = max(value, most.get(key, 0))
        await asyncio.gather(*tasks)
        for line in lost[:5]:
            print(f"  {program.name} lost {line}")
        return {"healthy probes": len(took) + len(lost), "healthy lost": len(lost),
                "CPU ms per probe": (program.cpu() - before) / count * 1e3,
                "p50 ms": percentile(took or [0], 0.5) * 1e3,
                "p99 ms": percentile(took or [0], 0.99) * 1e3,
                "RSS MB, most": most["VmRSS"], "RssAnon MB, most": most["RssAnon"],
                "threads, most": most["threads"], "fds, most": most["fds"]}

    async def probes(self, hung_every):
        nodes = self.options.nodes
        with self.simulator(f"--nodes={nodes}") as faces:
            url, control = faces["http"], faces["control"]
            hung = range(0, nodes, hung_every) if hung_every else []
            for node in hung:
                urllib.request.urlopen(urllib.request.Request(
                    f"{control}/fault?kind=hang&node={node}", method="POST"), timeout=5).close()
            await self.pairs(
                f"{nodes} probe targets, {len(hung)} hung", self.options.probe_pairs,
                lambda program: self.probe_rounds(program, url, nodes, hung_every),
                {"ours": lambda: self.ours(url, f"--probe.allow={url}/node/*",
                                           f"--web.max-requests={self.options.max_requests}"),
                 "go": lambda: self.peer(url, "-dial", url.removeprefix("http://"))})

    async def run(self):
        asked = self.options.only.split(",")
        print(f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f} at the start")
        print("ours / Go; rows of the table: | what | measure | ours | Go | ratio, median of the "
              "pairs (min..max) |")
        if "start" in asked:
            await self.start()
        if "50" in asked:
            await self.single(50, 1000)
        if "5000" in asked:
            await self.single(5000, self.options.big_scrapes)
        if "own-keys" in asked:
            await self.own_keys()
        if "probe" in asked:
            await self.probes(0)
        if "hung" in asked:
            await self.probes(10)
        print(f"load average {os.getloadavg()[0]:.1f} at the end")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", default="build/release/bin", help="where the programs are")
    parser.add_argument("--only", default="start,50,5000,own-keys,probe,hung",
                        help="parts, by commas")
    parser.add_argument("--pairs", type=int, default=5, help="of single-target turns")
    parser.add_argument("--big-scrapes", type=int, default=200, help="of a turn at 5,000 peers")
    parser.add_argument("--nodes", type=int, default=1000, help="probe targets")
    parser.add_argument("--rounds", type=int, default=3, help="of 15 s over the probe targets")
    parser.add_argument("--probe-pairs", type=int, default=2, help="of probe turns")
    parser.add_argument("--max-requests", type=int, default=200, help="our --web.max-requests")
    asyncio.run(Bench(parser.parse_args()).run())


if __name__ == "__main__":
    sys.exit(main())
