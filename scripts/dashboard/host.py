"""Board 5, Host and disk."""
from dashboard.grafana import GREEN, ORANGE, board, falling, graph, rising, stat, states
from dashboard.shared import (CLOCK_OFF, DAY, DISK, DISK_ABOUT, DISK_FULL_IN, DISK_STEPS, LASTS,
                              MARKS, NODE, YEAR)


def make():
    of = 'node=~"$node"'
    free = f"{DISK} / stakewatch:disk_size_bytes"
    devices = f'{of},device!~"zram.*|ram.*|loop.*|dm-.*"'
    links = f'{of},device!~"lo|veth.*|br-.*|docker.*|ifb.*|dummy.*"'
    return board("stakewatch-host", "5 Host and disk", "The machines under the nodes, by "
                 "node_exporter.", [
        stat("Disk full in", DISK_ABOUT, [(DISK_FULL_IN, "{{mountpoint}}")], "s", size=(6, 4),
             high=YEAR, steps=DISK_STEPS, maps=LASTS, none="no hour of data yet",
             alerts=("DiskFullSoon",)),
        stat("Disk free", "Of each file system that holds data.",
             [(f"min by (node, mountpoint) ({free})", "{{mountpoint}}")], "percentunit",
             size=(6, 4), high=1, steps=falling(0.1, orange=0.03), alerts=("DiskFullSoon",)),
        stat("Clock off by", "By its time server, or by Prometheus's: over 0.2 s warns, over 0.5 s "
             "pages.",
             CLOCK_OFF, "s", steps=rising(orange=0.2, red=0.5), alerts=("ClockSkew",)),
        stat("Clock synchronized", "Whether the kernel says that a time server steers it. Some "
             "virtual machines' clocks are steered from outside, and say no.",
             f"min by (node) (node_timex_sync_status{{{of}}})", "none", high=1,
             maps=states({0: ("no", ORANGE), 1: ("yes", GREEN)}), alerts=("ClockSkew",)),
        stat("Up since", "When the machine was started.",
             f"max by (node) (node_boot_time_seconds{{{of}}}) * 1000", "dateTimeFromNow"),
        stat("Processors busy", "Of all processors, over five minutes.",
             f'1 - avg by (node) (rate(node_cpu_seconds_total{{mode="idle",{of}}}[5m]))',
             "percentunit", high=1, steps=rising(orange=0.9)),
        stat("Waiting for the disk", "Share of processor time in which only the disk was waited "
             "for: over a tenth, the disk is too slow for a node.",
             f'avg by (node) (rate(node_cpu_seconds_total{{mode="iowait",{of}}}[5m]))',
             "percentunit", high=1, steps=rising(orange=0.1, red=0.3)),
        stat("Memory available", "What processes can still get, caches given back.",
             f"min by (node) (node_memory_MemAvailable_bytes{{{of}}} / "
             f"node_memory_MemTotal_bytes{{{of}}})", "percentunit", high=1,
             steps=falling(0.1, orange=0.03), alerts=("MemoryLow",)),
        stat("Killed for memory, 24 h", "Processes that the kernel ended because memory ran out.",
             f"max by (node) (increase(node_vmstat_oom_kill{{{of}}}[24h]))", "none", decimals=0,
             steps=rising(orange=0.5, red=2.5), alerts=("OutOfMemory",)),
        stat("Open files", "Of the system's limit.",
             f"max by (node) (node_filefd_allocated{{{of}}} / node_filefd_maximum{{{of}}})",
             "percentunit", high=1, steps=rising(orange=0.8)),
        stat("Warmest sensor", "Degrees Celsius. Empty on machines without sensors, as most "
             "virtual ones are.", f"max by (node) (node_hwmon_temp_celsius{{{of}}})", "celsius",
             high=100, steps=rising(orange=80, red=95), none="no sensors"),
        graph("Disk free", "Bytes that are left on each file system.",
              [(f"min by (node, mountpoint) ({DISK})",
                "{{node}} {{mountpoint}}")], "bytes", alerts=("DiskFullSoon",)),
        graph("Disk growth", "Bytes a day, at the growth of the last day, as far as it goes on; "
              "below 0 it shrinks.",
              [(f'max by (node, mountpoint) (stakewatch:disk_growth_1d{{node=~"$node"}} * {DAY})',
                "{{node}} {{mountpoint}}")], "bytes", alerts=("DiskFullSoon",)),
        graph("Disk busy", "Share of the time in which a device had something to do.",
              [(f"max by (node, device) (rate(node_disk_io_time_seconds_total{{{devices}}}"
                "[$__rate_interval]))", "{{node}} {{device}}")], "percentunit", high=1),
        graph("A read takes", "Mean time of a read: a node needs well under a millisecond.",
              [(f"max by (node, device) (rate(node_disk_read_time_seconds_total{{{devices}}}"
                f"[$__rate_interval]) / clamp_min(rate(node_disk_reads_completed_total{{{devices}}}"
                "[$__rate_interval]), 0.1))", "{{node}} {{device}}")], "s", high=0.001),
        graph("Processors", "By what they do, of all processors.",
              [(f'avg by (node, mode) (rate(node_cpu_seconds_total{{mode!="idle",{of}}}'
                "[$__rate_interval]))", "{{node}} {{mode}}")], "percentunit", high=1, stack=True),
        graph("Memory", "All of it, and what processes can still get.",
              [(f"max by (node) (node_memory_MemTotal_bytes{{{of}}})", "{{node}} total"),
               (f"max by (node) (node_memory_MemAvailable_bytes{{{of}}})", "{{node}} available")],
              "bytes", alerts=("MemoryLow",)),
        graph("Network", "Received above, sent below the line.",
              [(f"sum by (node) (rate(node_network_receive_bytes_total{{{links}}}"
                "[$__rate_interval]))", "{{node}} received"),
               (f"-sum by (node) (rate(node_network_transmit_bytes_total{{{links}}}"
                "[$__rate_interval]))", "{{node}} sent")], "Bps", none="not in a container"),
        graph("Clock offset", "Of the host's clock against the time server's.",
              [(f"max by (node) (node_timex_offset_seconds{{{of}}})", "{{node}}")], "s", low=-0.2,
              high=0.2, alerts=("ClockSkew",)),
    ], variables=(NODE,), annotations=MARKS, since="now-24h")
