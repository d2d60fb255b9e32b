#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of the daemon's RPC
// and configuration; the label `bastion` is host:port, since `node` is
// a label of the target.
#include "common/metrics.h"
#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {

// rpc: get_health, asked by a job.
inline constexpr auto kRpcLastResult =
    Gauge("validator_supervisor_rpc_last_result",
          "1 for how the last question to the RPC ended, 0 for the others: ok, no_socket, refused, "
          "timeout (the daemon is busy: one lock serves all calls), auth_denied, tls_error or "
          "bad_answer.",
          "result");
inline constexpr auto kRpcLastSuccess =
    Gauge("validator_supervisor_rpc_last_success_timestamp_seconds",
          "When the RPC told last what the metrics of this source say, in Unix time.");
inline constexpr auto kRpcDuration =
    Gauge("validator_supervisor_rpc_duration_seconds", "How long the last answer of the RPC took.");
inline constexpr auto kRpcFailures =
    Counter("validator_supervisor_rpc_failures_total", "Questions to the RPC that failed.");
inline constexpr auto kRpcAuthentications =
    Counter("validator_supervisor_rpc_authentications_total",
            "Connections to the RPC that were authenticated; one is kept as long as it lasts.");
inline constexpr auto kUnlocked =
    Gauge("validator_supervisor_unlocked",
          "1 if the root key has been unlocked by passphrase, 0 if not; missing unless the last "
          "question to the RPC was answered, as are all that follow from it.");
inline constexpr auto kValidatorSupervised = Gauge(
    "validator_supervisor_validator_supervised",
    "1 if the validator is meant to run (validator_running of the RPC), whether or not its process "
    "does.");
inline constexpr auto kBeaconConnected =
    Gauge("validator_supervisor_beacon_connected",
          "1 if the daemon has a beacon node in use, 0 if it has none, and then nothing is "
          "validated; missing where the RPC does not tell, as in 2021.");
inline constexpr auto kConnectedNodeInfo =
    Gauge("validator_supervisor_connected_node_info",
          "1, with the bastion whose beacon node is in use; silent links leave it as it was.",
          "host", "port");
inline constexpr auto kReleaseInfo =
    Gauge("validator_supervisor_release_info",
          "1, with the release of the validator client that the daemon runs.", "impl", "version",
          "checksum");

// processes: /proc.
inline constexpr auto kDaemonUp =
    Gauge("validator_supervisor_daemon_up", "1 if there is a process of the daemon, 0 if not.");
inline constexpr auto kDaemonStart = Gauge("validator_supervisor_daemon_start_time_seconds",
                                           "When the daemon was started, in Unix time.");
inline constexpr auto kDaemonCpu = Counter("validator_supervisor_daemon_cpu_seconds_total",
                                           "CPU time that the daemon has used, user and system.");
inline constexpr auto kDaemonMemory =
    Gauge("validator_supervisor_daemon_resident_memory_bytes", "Resident memory of the daemon.");
inline constexpr auto kTunnelUp = Gauge(
    "validator_supervisor_tunnel_process_up",
    "1 if the daemon has an ssh process to the bastion, 0 if not; the tunnel may be half open "
    "all the same.",
    "bastion");
inline constexpr auto kTunnelStart =
    Gauge("validator_supervisor_tunnel_process_start_time_seconds",
          "When the ssh process of the tunnel was started, in Unix time.", "bastion");
inline constexpr auto kTunnelCpu =
    Counter("validator_supervisor_tunnel_process_cpu_seconds_total",
            "CPU time that the ssh process of the tunnel has used, user and system.", "bastion");
inline constexpr auto kTunnelMemory =
    Gauge("validator_supervisor_tunnel_process_resident_memory_bytes",
          "Resident memory of the ssh process of the tunnel.", "bastion");
inline constexpr auto kValidatorUp =
    Gauge("validator_supervisor_validator_process_up",
          "1 if the daemon has its docker run of the validator, 0 if not.");
inline constexpr auto kValidatorStart =
    Gauge("validator_supervisor_validator_process_start_time_seconds",
          "When the docker run of the validator was started, in Unix time.");
inline constexpr auto kLogShipperUp =
    Gauge("validator_supervisor_log_shipper_process_up",
          "1 if the daemon has its docker run of the log collector for the bastion, 0 if not.",
          "bastion");
inline constexpr auto kLogShipperStart =
    Gauge("validator_supervisor_log_shipper_process_start_time_seconds",
          "When the docker run of the log collector was started, in Unix time.", "bastion");
inline constexpr auto kOrphans =
    Gauge("validator_supervisor_orphaned_processes",
          "Tunnels, validators and log collectors that are not the daemon's own (any more): they "
          "hold ports and names that its next ones need.");

// forwards: HTTP through the local ports of the tunnels.
inline constexpr auto kForwardUp =
    Gauge("validator_supervisor_forward_up",
          "1 if HTTP was answered through the forward within 5 s, whatever the answer, 0 if not. "
          "service: beacon or loki.",
          "bastion", "service");
inline constexpr auto kForwardReady =
    Gauge("validator_supervisor_forward_ready",
          "1 if the service behind the forward answered as one that works (beacon: "
          "eth/v1/node/syncing, loki: ready), 0 if not.",
          "bastion", "service");
inline constexpr auto kForwardDuration = Gauge("validator_supervisor_forward_duration_seconds",
                                               "How long the answer took.", "bastion", "service");
inline constexpr auto kBeaconSyncing =
    Gauge("validator_supervisor_beacon_syncing",
          "1 if the beacon node of the bastion says that it syncs, 0 if it says that it is synced.",
          "bastion");

inline constexpr auto kDaemonMetrics =
    Table(kRpcLastResult, kRpcLastSuccess, kRpcDuration, kRpcFailures, kRpcAuthentications,
          kUnlocked, kValidatorSupervised, kBeaconConnected, kConnectedNodeInfo, kReleaseInfo,
          kDaemonUp, kDaemonStart, kDaemonCpu, kDaemonMemory, kTunnelUp, kTunnelStart, kTunnelCpu,
          kTunnelMemory, kValidatorUp, kValidatorStart, kLogShipperUp, kLogShipperStart, kOrphans,
          kForwardUp, kForwardReady, kForwardDuration, kBeaconSyncing);
inline constexpr auto kMetrics = Join(kDaemonMetrics, kHostMetrics);

}  // namespace stakewatch::supervisor
