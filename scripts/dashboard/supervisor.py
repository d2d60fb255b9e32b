"""Board 10, Validator supervisor."""
from dashboard.grafana import (GREEN, ORANGE, RED, YES_IS_BAD, YES_IS_GOOD, board, falling, graph,
                               rising, stat, table, timeline)
from dashboard.shared import MARKS, NODE, state_names

NO_SUPERVISOR = "no supervisor_exporter"
NO_SUPERVISOR_HOST = "not on the validator host"
NO_INTERCHANGE = "no --supervisor.interchange"
# As in prometheus/rules/supervisor.yml; the numbers are ours.
RPC_RESULTS = {"ok": GREEN, "timeout": ORANGE, "no_socket": RED, "refused": RED,
               "auth_denied": RED, "tls_error": RED, "bad_answer": RED}
# Restarts, losses and what is done by hand; the rest of the events is a backup's.
EVENTS = ("tunnel_lost|tunnel_exited|validator_exited|validator_started|log_shipper_exited|"
          "process_start_error|health_stop|forced_kill|no_beacon|host_shutdown")


def make():
    of = 'node=~"$node"'
    name = "validator_supervisor_"

    def lowest(metric, by="node"):
        return f"min by ({by}) ({name}{metric}{{{of}}})"

    def highest(metric, by="node"):
        return f"max by ({by}) ({name}{metric}{{{of}}})"

    rpc = " or ".join(f'{name}rpc_last_result{{result="{result}",{of}}} * {number}'
                      for number, result in enumerate(RPC_RESULTS))
    bastion = "node, bastion"
    return board("stakewatch-hostsupervisor", "10 Validator supervisor", "What the eth-staking "
                 "validator supervisor does and what it leaves: by supervisor_exporter. Empty "
                 "without one.", [
        stat("Unlocked", "Locked it has no root key, and starts no validator.",
             [(lowest("unlocked"), "{{node}}")], "none", high=1, maps=YES_IS_GOOD,
             none=NO_SUPERVISOR, alerts=("SupervisorLocked",)),
        stat("Validator is meant to run", "What the RPC calls validator_running: it stays so without "
             "a process.", [(lowest("validator_supervised"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none=NO_SUPERVISOR, alerts=("NotValidating",)),
        stat("Validator's process", "Whether there is one, by /proc.", [(lowest("validator_process_up"), "{{node}}")],
             "none", high=1, maps=YES_IS_GOOD, none=NO_SUPERVISOR_HOST,
             alerts=("ValidatorProcessMissing", "ProcessFlapping")),
        stat("Beacon node in use", "By the RPC, which does not see a silent link.",
             [(lowest("beacon_connected"), "{{node}}")], "none", high=1, maps=YES_IS_GOOD,
             none=NO_SUPERVISOR, alerts=("NotValidating",)),
        stat("Daemon", "Whether it runs, by /proc.", [(lowest("daemon_up"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none=NO_SUPERVISOR_HOST, alerts=("DaemonDown",)),
        stat("RPC", "How the last question ended; busy is no answer in time.",
             [(f"sum by (node) ({rpc})", "{{node}}")], "none", high=len(RPC_RESULTS) - 1,
             maps=state_names(RPC_RESULTS), none=NO_SUPERVISOR, alerts=("RpcDown", "SupervisorBusy")),
        timeline("Tunnels", "Whether there is an ssh process to each bastion.",
                 [(lowest("tunnel_process_up", bastion), "{{node}} {{bastion}}")], YES_IS_GOOD,
                 size=(12, 6), none=NO_SUPERVISOR_HOST, alerts=("TunnelDown", "AllTunnelsDown")),
        timeline("Forwards", "Whether anything was answered through each forward. With a process and "
                 "no answer the tunnel is half open.",
                 [(lowest("forward_up", "node, bastion, service"), "{{node}} {{bastion}} {{service}}")],
                 YES_IS_GOOD, size=(12, 6), none=NO_SUPERVISOR_HOST, alerts=("TunnelHalfOpen",)),
        timeline("Validator and log collectors", "Whether their processes run.",
                 [(lowest("validator_process_up"), "{{node}} validator"),
                  (lowest("log_shipper_process_up", bastion), "{{node}} logs to {{bastion}}")],
                 YES_IS_GOOD, size=(12, 6), none=NO_SUPERVISOR_HOST,
                 alerts=("ValidatorProcessMissing", "LogShipperDown")),
        graph("Time of an answer", "Of the RPC, and through the forwards.",
              [(highest("rpc_duration_seconds"), "{{node}} RPC"),
               (highest("forward_duration_seconds", "node, bastion, service"),
                "{{node}} {{bastion}} {{service}}")], "s", size=(12, 6), none=NO_SUPERVISOR),
        graph("Events", "What supervisor.log said, in an hour: losses, ends, starts.",
              [(f'sum by (node, event) (increase({name}events_total{{event=~"{EVENTS}",{of}}}[1h]))'
                " > 0", "{{node}} {{event}}")], "none", columns=True, none="nothing happened",
              alerts=("BackupUploadFailed",)),
        table("Last upload", "Of a backup to each bastion: 1 is good, by supervisor.log.",
              lowest("backup_last_upload_success", "node, instance, bastion"),
              {"node": "node", "instance": "instance", "bastion": "bastion", "Value": "good"},
              high=1, steps=falling(1), none="no upload seen", alerts=("BackupUploadFailed",)),
        stat("Backup's age", "Of the newest that is not empty. One is made at a stop alone, so age is "
             "no fault by itself.", [(f"time() - max by (node, location) ({name}backup_timestamp_seconds"
                                      f"{{{of}}})", "{{node}} {{location}}")], "s",
             none=NO_SUPERVISOR_HOST, alerts=("BackupStale",)),
        stat("Backup's size", "Of the newest that is not empty.",
             [(highest("backup_size_bytes", "node, location"), "{{node}} {{location}}")], "bytes",
             none=NO_SUPERVISOR_HOST, alerts=("BackupShrunk",)),
        stat("Backups", "Files that are not empty.",
             [(f"min by (node, location) ({name}backup_files{{{of}}} - {name}backup_empty_files{{{of}}})",
               "{{node}} {{location}}")], "none", steps=falling(1), none=NO_SUPERVISOR_HOST,
             alerts=("BackupStale",)),
        stat("Log's size", "Of supervisor.log, which the daemon never rotates.",
             [(f'max by (node) ({name}log_size_bytes{{log="supervisor",{of}}})', "{{node}}")],
             "bytes", none=NO_SUPERVISOR_HOST),
        stat("Keys exported", "In each slashing-protection file.",
             [(highest("interchange_keys", "node, file"), "{{node}} {{file}}")], "none",
             none=NO_INTERCHANGE),
        stat("Highest signed epoch", "Of the attestations in each exported file, as old as its making.",
             [(f'max by (node, file) ({name}interchange_signed_target_epoch{{end="highest",{of}}})',
               "{{node}} {{file}}")], "none", none=NO_INTERCHANGE),
        stat("Folders with passwords", "In shared memory: one while the daemon runs.",
             [(highest("tmpfs_folders"), "{{node}}")], "none", steps=rising(orange=2),
             none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("Root key on disk", "Written at a graceful exit.",
             [(highest("root_key_file_present"), "{{node}}")], "none", high=1, maps=YES_IS_BAD,
             none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("Data encrypted", "Whether all devices below the data folder are dm-crypt's. Empty where "
             "the kernel does not say.", [(lowest("data_encrypted"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none="not known", alerts=("KeyMaterialExposed",)),
        stat("Swap", "It has to be off, for keys in memory.", [(highest("swap_bytes"), "{{node}}")], "bytes",
             steps=rising(orange=1), none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("RPC's socket", "Whether every user of the host may connect to it; the key is asked for "
             "all the same.", [(highest("rpc_socket_world_writable"), "{{node}}")], "none", high=1,
             maps=YES_IS_BAD, none="no socket"),
        stat("Ports open to others", "Of --supervisor.reverse-port: sockets that listen on more than "
             "loopback.", [(highest("exposed_listeners", "node, port"), "{{node}} {{port}}")], "none",
             steps=rising(orange=1), none="no --supervisor.reverse-port",
             alerts=("KeyMaterialExposed",)),
    ], variables=(NODE,), annotations=MARKS)
