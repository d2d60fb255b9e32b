"""What more than one board has: the causes, the variables, the marks, the firing alerts."""
from dashboard.grafana import (BLUE, GREEN, ORANGE, RED, annotation, by_column, falling, from_on,
                               states, table, variable)

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

# Those of prometheus/rules/cause.yml in its order, which is that of its numbers from 1 on.
CAUSES = {
    "host_down": ("host down", RED), "exporter_down": ("exporter down", RED),
    "disk_full": ("disk full", RED), "memory": ("out of memory", RED),
    "el_down": ("execution client down", RED), "cl_down": ("beacon node down", RED),
    "jormungandr_down": ("Jormungandr node down", RED),
    "database_down": ("database down", RED),
    "wrong_network": ("wrong network", RED), "el_cl_link": ("execution link broken", RED),
    "el_stuck": ("execution head stuck", RED), "cl_stuck": ("beacon head stuck", RED),
    "forked": ("on a fork", RED), "tip_behind": ("tip behind", RED),
    "batches_late": ("batches late", RED), "weights_not_set": ("weights not set", RED),
    "no_peers": ("no peers", RED), "vc_down": ("validator client down", RED),
    "slashed": ("validator slashed", RED), "clock_off": ("clock off", RED),
    "duties_missed": ("duties missed", RED), "no_finality": ("no finality", RED),
    "disk_filling": ("disk full soon", RED), "other_page": ("another page", RED),
    "warning": ("a warning", ORANGE), "syncing": ("syncing", BLUE), "healthy": ("healthy", GREEN)}
CAUSE_STATES = states(dict(enumerate(CAUSES.values(), 1)))
NODE_CAUSE = 'min by (node) (stakewatch:node_cause_number{node=~"$node"})'
CAUSE_ALERTS = ("HostDown", "NodeDown", "BeaconApiDown", "ExporterDown", "ExecutionLinkBroken",
                "ExecutionHeadStuck", "HeadLag", "PeersLow", "ValidatorClientDown",
                "AttestationsMissed", "WrongNetwork", "DiskFullSoon", "MemoryLow", "OutOfMemory",
                "ClockSkew")

NO_VALIDATORS = "no --validators-file"
NO_VALIDATORS_ABOUT = " Empty without --validators-file."

# The disks that hold data, and when they will be full: by prometheus/rules/host.yml.
DISK = 'stakewatch:disk_avail_bytes{node=~"$node"}'
DISK_FULL_IN = 'min by (node, mountpoint) (stakewatch:disk_full_in_seconds{node=~"$node"})'
DISK_ABOUT = ("At the growth of the last day, as far as it goes on: under 14 days warns, under 48 h "
              "pages. Empty in the first hour, and without node_exporter.")
CLOCK_OFF = 'max by (node) (stakewatch:host_clock_off_seconds{node=~"$node"})'
DISK_STEPS = falling(14 * DAY, orange=2 * DAY)
LASTS = from_on(YEAR, "over a year", GREEN)

NODE = variable("node", "Node", "The label node of the targets; All has those without it, too.",
                'label_values(up{node!=""}, node)')
GROUP = variable("group", "Group", "Group of validators, by --validators-file.",
                 "label_values(beaconapi_validators_configured, group)")

ALERT_MARKS = annotation(
    "Alerts", 'max by (node, instance, alertname, severity, cause) (ALERTS{alertstate="firing",'
    'severity=~"page|warning",node=~"$node"})', RED, "{{alertname}} ({{severity}})",
    "{{node}} {{instance}}: {{cause}}", tags="alertname,severity")
RESTART_MARKS = annotation(
    "Restarts", 'max by (node, job, instance) (process_start_time_seconds{node=~"$node"}) * 1000',
    BLUE, "{{job}} started", "{{node}} {{instance}}", tags="job", at_value=True)
MARKS = (ALERT_MARKS, RESTART_MARKS)

ALERT_COLOURS = by_column("severity", **{
    "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    "mappings": [{"type": "value", "options": {
        "page": {"text": "page", "color": RED, "index": 0},
        "warning": {"text": "warning", "color": ORANGE, "index": 1}}}]})


def firing(size):
    return table(
        "Firing alerts", "What Prometheus holds for true now, muted or not. Empty while nothing "
        "fires.",
        'max by (severity, alertname, node, instance, cause) (ALERTS{alertstate="firing",'
        'severity=~"page|warning",node=~"$node"})',
        {"severity": "severity", "alertname": "alert", "node": "node", "cause": "cause",
         "instance": "instance"}, size=size, high=1, none="nothing fires",
        overrides=[ALERT_COLOURS])


def state_names(names):
    return states({number: (state.lower(), colour)
                   for number, (state, colour) in enumerate(names.items())})
