"""Board 9, Supervisor: the programs that supervisord keeps running, and what restart_hook does."""
from dashboard.grafana import (BLUE, GREEN, GREY, ORANGE, RED, YES_IS_GOOD, bars, board, graph,
                               rising, row, stat, states, table, timeline)
from dashboard.shared import MARKS, NODE, state_names

# The numbers are ours: supervisord's own go up to 1000.
PROGRAM_STATES = {"STOPPED": GREY, "RUNNING": GREEN, "STARTING": BLUE, "STOPPING": BLUE,
                  "EXITED": GREY, "BACKOFF": ORANGE, "FATAL": RED, "UNKNOWN": ORANGE}
SUPERVISORD_STATES = {"RUNNING": GREEN, "RESTARTING": BLUE, "SHUTDOWN": ORANGE, "FATAL": RED}
NO_SUPERVISORD = "no supervisord_exporter"
NO_HOOK = "no restart_hook"


def state_number(metric, names, labels):
    """One number for each, out of a series a state: the place of its state in `names`."""
    parts = (f'{metric}{{state="{state}",node=~"$node"}} * {number}'
             for number, state in enumerate(names))
    return f"sum by ({labels}) ({' or '.join(parts)})"


def make():
    of = 'node=~"$node"'
    each = "node, instance, group, name"
    starts = f"max by ({each}) (changes(supervisord_process_start_time_seconds{{{of}}}[15m]))"
    up = f"max by ({each}) (supervisord_process_up{{{of}}})"
    return board("stakewatch-supervisor", "9 Supervisor", "Programs that Supervisor keeps running, "
                 "by supervisord_exporter. Empty without one.", [
        stat("supervisord answers", "Whether any source of the exporter had its answer.",
             [(f'max by (node, instance) (stakewatch_source_up{{job=~"supervisord.*",{of}}})',
               "{{node}}")], "none", high=1, maps=YES_IS_GOOD, none=NO_SUPERVISORD,
             alerts=("SupervisordDown",)),
        stat("Its state", "While it stops it says nothing of its programs.",
             [(state_number("supervisord_state", SUPERVISORD_STATES, "node, instance"),
               "{{node}}")], "none", high=3, maps=state_names(SUPERVISORD_STATES), none=NO_SUPERVISORD,
             alerts=("SupervisordDown",)),
        stat("Programs that run", "In the state RUNNING, of all supervisords.",
             [(f'sum by (node) (supervisord_processes{{state="RUNNING",{of}}})', "{{node}}")],
             "none", none=NO_SUPERVISORD),
        stat("Given up", "In the state FATAL: supervisord does not try again.",
             [(f'sum by (node) (supervisord_processes{{state="FATAL",{of}}})', "{{node}}")], "none",
             steps=rising(red=1), none=NO_SUPERVISORD, alerts=("ProcessFatal",)),
        stat("Most starts in 15 min", "Of the program that was started again most often: over 2 "
             "warns, over 4 pages.", [(f"max by (node) ({starts})", "{{node}}")], "none",
             steps=rising(orange=3, red=5), none=NO_SUPERVISORD, alerts=("ProcessFlapping",)),
        stat("Clock off by", "What supervisord takes the time to be, against the exporter's clock.",
             [(f"max by (node) (abs(supervisord_clock_offset_seconds{{{of}}}))", "{{node}}")], "s",
             steps=rising(orange=2), none=NO_SUPERVISORD),
        timeline("States", "Of each program, in supervisord's words.",
                 [(state_number("supervisord_process_state", PROGRAM_STATES, each),
                   "{{node}} {{group}}:{{name}}")], state_names(PROGRAM_STATES), size=(24, 9),
                 none=NO_SUPERVISORD, alerts=("ProcessFatal", "SupervisordDown")),
        timeline("Up", "Whether each program was RUNNING.", [(up, "{{node}} {{group}}:{{name}}")],
                 states({0: ("no", GREY), 1: ("yes", GREEN)}), size=(12, 8), none=NO_SUPERVISORD,
                 alerts=("ProcessFatal",)),
        graph("Starts in 15 minutes", "Of each program, also those that failed at once.",
              [(starts, "{{node}} {{group}}:{{name}}")], "none", high=5,
              steps=rising(orange=3, red=5), none=NO_SUPERVISORD, alerts=("ProcessFlapping",)),
        table("Last exit status", "Of programs that have ended and are left so; -1 if a signal "
              "ended them. supervisord tells it in no other state.",
              f"max by ({each}) (supervisord_process_exit_status{{{of}}})",
              {"node": "node", "instance": "instance", "group": "group", "name": "program",
               "Value": "exit status"}, low=-1, none="nothing has ended"),
        table("Spawn errors", "What supervisord says of programs that it could not start or keep "
              "running.", f"max by ({each}, error) (supervisord_process_spawn_error_info{{{of}}})",
              {"node": "node", "instance": "instance", "group": "group", "name": "program",
               "error": "error"}, high=1, none="no spawn errors", alerts=("ProcessFatal",)),
        row("restart_hook, which restarts programs by their alerts (off unless it is configured)"),
        stat("Stopped, not running again", "Whether the hook has begun a restart that it has not "
             "seen to end well.",
             [(f"max by (node, group, target) (restart_hook_unfinished{{{of}}})", "{{target}}")],
             "none", size=(6, 8), high=1, maps=states({0: ("no", GREEN), 1: ("yes", RED)}),
             names=True, none=NO_HOOK, alerts=("RestartUnfinished", "RestartHookDown")),
        bars("Restarts, 24 h", "Those that have ended, by how they did.",
             [("sum by (node, target, result) "
               f"(increase(restart_hook_restarts_total{{{of}}}[24h]))", "{{target}} {{result}}")],
             "none", size=(6, 8), high=2, none=NO_HOOK, alerts=("NodeRestarted",)),
        graph("Its decisions", "In an hour, by reason: refused ones, too. One for each "
              "notification of an alert that goes on.",
              [("sum by (node, target, decision, reason) "
                f"(increase(restart_hook_decisions_total{{{of}}}[1h])) > 0",
                "{{target}} {{decision}}: {{reason}}")], "none", columns=True, stack=True,
              none=NO_HOOK, alerts=("RestartRefused",)),
    ], variables=(NODE,), annotations=MARKS)
