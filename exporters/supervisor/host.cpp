#include "exporters/supervisor/host.h"

#include <memory>
#include <set>
#include <utility>

#include "common/net/client_tls.h"
#include "common/number.h"
#include "exporters/supervisor/backup.h"
#include "exporters/supervisor/closed_path.h"
#include "exporters/supervisor/daemon_log.h"
#include "exporters/supervisor/exposure.h"
#include "exporters/supervisor/interchange.h"
#include "exporters/supervisor/supervisor.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::size_t kInterchangesMax = 16;
constexpr std::size_t kReversePortsMax = 16;

Checked<std::set<std::uint16_t>> ParsePorts(const std::vector<std::string>& texts) {
  std::set<std::uint16_t> ports;
  for (const std::string& text : texts) {
    const std::uint16_t port = WholeNumber<std::uint16_t>(text).value_or(0);
    if (port == 0) {
      return std::unexpected("--supervisor.reverse-port: \"" + text + "\" is no port");
    }
    ports.insert(port);
  }
  if (ports.size() > kReversePortsMax) {
    return std::unexpected("--supervisor.reverse-port: at most " +
                           std::to_string(kReversePortsMax));
  }
  return ports;
}

Checked<void> CheckInterchanges(const std::vector<std::string>& paths) {
  std::set<std::string> labels;
  for (const std::string& path : paths) {
    std::string why;
    if (const auto checked = CheckNotClosed(path); !checked) {
      why = checked.error();
    } else if (!labels.insert(CleanLabelValue(path)).second) {
      why = path + " stands twice, or differs from another after 128 bytes alone";
    } else if (labels.size() > kInterchangesMax) {
      why = "at most " + std::to_string(kInterchangesMax);
    }
    if (!why.empty()) return std::unexpected("--supervisor.interchange: " + why);
  }
  return {};
}

}  // namespace

void DeclareHostFlags(Flags& flags, HostSettings& settings) {
  flags.Add("supervisor.backup-names", settings.backup_names,
            "Which files of the data folder are backups, as the shell writes it: backup_filename "
            "of config.yaml.");
  flags.Add("supervisor.remote-backups", settings.remote_backups,
            "On a bastion: the folder that backups are uploaded to.");
  flags.Add("supervisor.reverse-port", settings.reverse_ports,
            "On a bastion: a port that must not listen but on loopback (8000 leads to the RPC). "
            "Repeatable.");
  flags.Add("supervisor.interchange", settings.interchanges,
            "A slashing-protection file (EIP-3076) that was exported. Repeatable. The live one "
            "lies where nothing is opened.");
  flags.Add("supervisor.certificate", settings.certificate,
            "On the validator host: the certificate that the RPC shows over TCP (ssl_cert_file), "
            "for its end.");
  flags.Add("path.shm", settings.shared_memory, "Where /dev/shm of the host is mounted.");
  flags.Add("path.sysfs", settings.sysfs, "Where /sys of the host is mounted.");
}

std::vector<std::string> HostSourceNames() {
  return {"backup", "log", "exposure", "interchange"};
}

Checked<std::vector<Source>> HostSources(const Settings& settings, const std::vector<Node>& nodes,
                                         std::function<double()> now) {
  const HostSettings& host = settings.host;
  const auto ports = ParsePorts(host.reverse_ports);
  if (!ports) return std::unexpected(ports.error());
  if (const auto checked = CheckInterchanges(host.interchanges); !checked) {
    return std::unexpected(checked.error());
  }
  if (const auto checked = CheckNotClosed(host.certificate); !checked) {
    return std::unexpected("--supervisor.certificate: " + checked.error());
  }
  std::vector<Source> sources;
  std::vector<BackupPlace> places;
  if (!settings.data_dir.empty()) places.push_back({"local", settings.data_dir});
  if (!host.remote_backups.empty()) places.push_back({"remote", host.remote_backups});
  if (!places.empty()) {
    sources.push_back(
        LocalSource("backup", [places, names = host.backup_names](const Deadline&, Sheet& sheet) {
          return ScrapeBackups(places, names, sheet);
        }));
  }
  if (!settings.logs_dir.empty()) {
    const auto log = std::make_shared<DaemonLog>(settings.logs_dir, nodes, std::move(now));
    sources.push_back(LocalSource("log", [log](const Deadline& deadline, Sheet& sheet) {
      return log->Scrape(deadline, sheet);
    }));
  }
  const std::string& certificate = host.certificate;
  if (!settings.data_dir.empty() || !ports->empty() || !certificate.empty()) {
    const ExposurePlaces exposed{
        .data_dir = settings.data_dir,
        .socket = settings.rpc.starts_with('/') ? settings.rpc : "",
        .ports = *ports,
        .shared_memory = host.shared_memory,
        .procfs = settings.procfs,
        .sysfs = host.sysfs,
    };
    Source source = LocalSource("exposure", [exposed, certificate](const Deadline&, Sheet& sheet) {
      auto scraped = ScrapeExposure(exposed, sheet);
      if (!scraped || certificate.empty()) return scraped;
      const auto read = CertificateEnd(certificate);
      return read ? scraped : Fail(Reason::kTls, "--supervisor.certificate: " + read.error());
    });
    source.certificate_not_after = [certificate]() -> std::optional<std::int64_t> {
      if (certificate.empty()) return std::nullopt;
      const auto end = CertificateEnd(certificate);
      return end ? std::optional(*end) : std::nullopt;
    };
    sources.push_back(std::move(source));
  }
  if (!host.interchanges.empty()) {
    const auto files = std::make_shared<Interchanges>(host.interchanges);
    sources.push_back(LocalSource("interchange", [files](const Deadline& deadline, Sheet& sheet) {
      return files->Scrape(deadline, sheet);
    }));
  }
  return sources;
}

}  // namespace stakewatch::supervisor
