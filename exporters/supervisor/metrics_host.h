#pragma once
// What this exporter tells of the host besides the daemon's RPC and processes: backups, the
// daemon's log, what is exposed, and slashing-protection files.
#include "common/metrics.h"

namespace stakewatch::supervisor {

// backup: stat alone. location: local (the data folder) or remote (the folder of uploads on a
// bastion).
inline constexpr auto kBackupTime =
    Gauge("validator_supervisor_backup_timestamp_seconds",
          "When the newest backup was written last, in Unix time: of the file, since what it says "
          "of itself is encrypted. Empty ones do not count. location: local or remote.",
          "location");
inline constexpr auto kBackupSize =
    Gauge("validator_supervisor_backup_size_bytes", "Size of the newest backup.", "location");
inline constexpr auto kBackupFiles = Gauge("validator_supervisor_backup_files",
                                           "Backups there, the empty ones included.", "location");
inline constexpr auto kBackupEmptyFiles =
    Gauge("validator_supervisor_backup_empty_files",
          "Backups of less than 44 bytes, which no backup can have.", "location");

// log: supervisor.log.
inline constexpr auto kEvents =
    Counter("validator_supervisor_events_total",
            "What supervisor.log said while this exporter ran: it is followed from its end at the "
            "start, and where it stands is known in memory only. bastion is empty where the daemon "
            "names none, and other for one that no flag names.",
            "event", "bastion");
inline constexpr auto kValidatorLastExit =
    Gauge("validator_supervisor_validator_last_exit_timestamp_seconds",
          "When this exporter read in supervisor.log that the validator has exited, in Unix time; "
          "the log has no times of its own. Missing until it does.");
inline constexpr auto kUploadSuccess =
    Gauge("validator_supervisor_backup_last_upload_success",
          "1 if the last upload of a backup to the bastion was good, 0 if it failed, by "
          "supervisor.log; missing until it says one of them, and good ones are said at its level "
          "DEBUG alone.",
          "bastion");
inline constexpr auto kLogLines =
    Counter("validator_supervisor_log_lines_total", "Lines of supervisor.log that were read.");
inline constexpr auto kLogUnread =
    Gauge("validator_supervisor_log_unread_bytes",
          "What is left of supervisor.log for the next scrapes, since one reads 8 MiB at most.");
inline constexpr auto kLogRotations =
    Counter("validator_supervisor_log_rotations_total",
            "Times that supervisor.log was another file or shorter than before. how: renamed or "
            "truncated.",
            "how");
inline constexpr auto kLogSize =
    Gauge("validator_supervisor_log_size_bytes",
          "Size of the log, which the daemon never rotates. log: supervisor, lighthouse or prysm, "
          "those that there are.",
          "log");
inline constexpr auto kLogWritten = Gauge("validator_supervisor_log_last_write_timestamp_seconds",
                                          "When the log was written to last, in Unix time.", "log");

// exposure: stat, names of folders, and the kernel's tables.
inline constexpr auto kTmpfsFolders =
    Gauge("validator_supervisor_tmpfs_folders",
          "Folders of validator data in shared memory, which hold the passwords of keystores in "
          "the clear: one while the daemon runs, more or later after it was killed.");
inline constexpr auto kTmpfsOldest =
    Gauge("validator_supervisor_tmpfs_folder_oldest_timestamp_seconds",
          "When the oldest of them was changed last, in Unix time: before the daemon's start is "
          "stale. Missing without one.");
inline constexpr auto kRootKeyPresent =
    Gauge("validator_supervisor_root_key_file_present",
          "1 if the root key lies beside the backup that it decrypts (supervisor-key.hex), 0 if "
          "not. Nothing opens it.");
inline constexpr auto kSocketWorldWritable =
    Gauge("validator_supervisor_rpc_socket_world_writable",
          "1 if every user of the host may connect to the socket of the RPC by its mode and that "
          "of its folder, 0 if not; missing without a socket.");
inline constexpr auto kExposedListeners =
    Gauge("validator_supervisor_exposed_listeners",
          "Sockets that listen on the port at an address wider than loopback, for the ports of "
          "--supervisor.reverse-port.",
          "port");
inline constexpr auto kSwapBytes =
    Gauge("validator_supervisor_swap_bytes",
          "Swap space that is switched on: keys in memory may come to lie on a disk; 0 is right.");
inline constexpr auto kDataEncrypted =
    Gauge("validator_supervisor_data_encrypted",
          "1 if all devices below the data folder are dm-crypt's, 0 if one is not; missing where "
          "the kernel does not say (btrfs, ZFS, overlay). A disk or a file system that encrypts by "
          "itself is not seen.");

// interchange: EIP-3076 files, as old as their making.
inline constexpr auto kInterchangeTime =
    Gauge("validator_supervisor_interchange_modified_timestamp_seconds",
          "When the slashing-protection file was changed last, in Unix time.", "file");
inline constexpr auto kInterchangeKeys =
    Gauge("validator_supervisor_interchange_keys", "Keys in the slashing-protection file.", "file");
inline constexpr auto kInterchangeSlot =
    Gauge("validator_supervisor_interchange_signed_slot",
          "Slot of the lowest or highest block that the file says is signed. end: lowest or "
          "highest; missing without any.",
          "file", "end");
inline constexpr auto kInterchangeSourceEpoch =
    Gauge("validator_supervisor_interchange_signed_source_epoch",
          "The lowest or highest source epoch of the attestations that the file says are signed. "
          "end: lowest or highest; missing without any.",
          "file", "end");
inline constexpr auto kInterchangeTargetEpoch =
    Gauge("validator_supervisor_interchange_signed_target_epoch",
          "The lowest or highest target epoch of the attestations that the file says are signed. "
          "end: lowest or highest; missing without any.",
          "file", "end");

inline constexpr auto kHostMetrics =
    Table(kBackupTime, kBackupSize, kBackupFiles, kBackupEmptyFiles, kEvents, kValidatorLastExit,
          kUploadSuccess, kLogLines, kLogUnread, kLogRotations, kLogSize, kLogWritten,
          kTmpfsFolders, kTmpfsOldest, kRootKeyPresent, kSocketWorldWritable, kExposedListeners,
          kSwapBytes, kDataEncrypted, kInterchangeTime, kInterchangeKeys, kInterchangeSlot,
          kInterchangeSourceEpoch, kInterchangeTargetEpoch);

}  // namespace stakewatch::supervisor
