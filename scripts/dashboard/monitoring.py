"""Board 7, The monitoring itself."""
from dashboard.grafana import (GREEN, RED, YES_IS_GOOD, board, falling, graph, rising, stat, states,
                               table, timeline, variable)
from dashboard.shared import DAY, MARKS, NODE, firing

INSTANCE = variable("instance", "Instance", "One exporter, by its address.",
                    "label_values(stakewatch_build_info, instance)")


def make():
    one = 'instance=~"$instance"'
    return board("stakewatch-monitoring", "7 The monitoring itself", "Whether what watches is well: "
                 "exporters, Prometheus, Alertmanager, and the way of a page.", [
        stat("Targets down", "Targets that gave Prometheus no page.",
             [("count(up == 0) or vector(0)", "")], "none", steps=rising(red=1),
             alerts=("ExporterDown",)),
        stat("Sources down", "Of all exporters: sources that had no answer in the last scrape.",
             [("count(stakewatch_source_up == 0) or vector(0)", "")], "none",
             steps=rising(orange=1), alerts=("SourceDown",)),
        stat("Rules that failed, 1 h", "A rule that cannot be evaluated is an alert that cannot "
             "fire.",
             [("sum(increase(prometheus_rule_evaluation_failures_total[1h])) + "
               "sum(increase(prometheus_rule_group_iterations_missed_total[1h]))", "")], "none",
             decimals=0, steps=rising(red=0.5), alerts=("RulesFailing",)),
        stat("Pages not delivered, 1 h", "Notifications that failed, and alerts that did not reach "
             "Alertmanager.",
             [("sum(increase(alertmanager_notifications_failed_total[1h])) + "
               "sum(increase(prometheus_notifications_errors_total[1h]))", "")], "none",
             decimals=0, steps=rising(red=0.5),
             alerts=("NotificationsFailing", "AlertmanagerUnreachable")),
        stat("Watchdog", "The alert that always fires, so that silence means a broken way.",
             [('count(ALERTS{alertname="Watchdog",alertstate="firing"}) or vector(0)', "")], "none",
             high=1, maps=states({0: ("silent", RED), 1: ("fires", GREEN)}), alerts=("Watchdog",)),
        stat("Silences", "Active ones: what is silenced pages nobody.",
             [('sum(alertmanager_silences{state="active"})', "")], "none",
             steps=rising(orange=1)),
        stat("Configuration in use", "Whether Prometheus and Alertmanager run on their files as "
             "they are now.",
             [("min(prometheus_config_last_reload_successful)", "Prometheus"),
              ("min(alertmanager_config_last_reload_successful)", "Alertmanager")], "none",
             size=(6, 4), high=1, maps=YES_IS_GOOD, alerts=("ConfigReloadFailed",)),
        stat("Certificates end in", "The first to end, of those shown by the nodes. Empty where "
             "nodes are asked without TLS.",
             [("min(stakewatch_source_certificate_not_after_timestamp_seconds - time())", "")], "s",
             size=(6, 4), steps=falling(7 * DAY, orange=DAY), none="no TLS",
             alerts=("CertificateExpiring",)),
        stat("Starts in 15 minutes", "Of the process that started most often: over 2 warns, over 4 "
             "pages.", [("max(changes(process_start_time_seconds[15m]))", "")], "none",
             steps=rising(orange=3, red=5), alerts=("ProcessFlapping",)),
        stat("Series", "That Prometheus holds.", [("sum(prometheus_tsdb_head_series)", "")],
             "short"),
        stat("Size on disk", "Of Prometheus's data; it keeps by size.",
             [("sum(prometheus_tsdb_storage_blocks_bytes)", "")], "bytes"),
        timeline("Targets", "Whether Prometheus got a page from each.",
                 [("min by (job, instance) (up)", "{{job}} {{instance}}")], YES_IS_GOOD,
                 size=(12, 9), alerts=("ExporterDown", "MonitorUnseen")),
        timeline("Sources", "Whether each source of the exporters had its answer.",
                 [(f"min by (job, source) (stakewatch_source_up{{{one}}})", "{{job}} {{source}}")],
                 YES_IS_GOOD, size=(12, 9), alerts=("SourceDown",)),
        graph("Sources take", "Of each scrape. Close to the time-out of 5 s the node is too slow.",
              [(f"max by (job, source) (stakewatch_source_duration_seconds{{{one}}})",
                "{{job}} {{source}}")], "s", high=1, alerts=("SourceDown",)),
        graph("Failures by reason", "A minute, of all sources. Empty while there has been none.",
              [(f"sum by (job, source, reason) (rate(stakewatch_source_failures_total{{{one}}}"
                "[$__rate_interval])) * 60 > 0", "{{job}} {{source}}: {{reason}}")], "none", high=1,
              none="no failures", alerts=("SourceDown",)),
        graph("Requests to the nodes", "A second: what watching costs them.",
              [(f"sum by (job, source) (rate(stakewatch_source_requests_total{{{one}}}"
                "[$__rate_interval]))", "{{job}} {{source}}")], "reqps", high=1),
        graph("Exporters' memory", "Resident memory of each process.",
              [(f"max by (job, instance) (process_resident_memory_bytes{{{one}}} and on (instance) "
                "stakewatch_build_info)", "{{job}} {{instance}}")], "bytes"),
        graph("Scrapes take", "From Prometheus's question to the last byte.",
              [("max by (job, instance) (scrape_duration_seconds)", "{{job}} {{instance}}")], "s",
              high=1, steps=rising(red=5)),
        graph("Rules take", "Evaluation of each group, over its interval: from 1 on, rules are "
              "left out.",
              [("max by (rule_group) (prometheus_rule_group_last_duration_seconds / "
                "prometheus_rule_group_interval_seconds)", "{{rule_group}}")], "percentunit",
              high=0.2, alerts=("RulesFailing",)),
        table("What runs", "Exporters and their versions.",
              f"max by (job, instance, exporter, version, revision) (stakewatch_build_info{{{one}}})",
              {"exporter": "exporter", "version": "version", "revision": "revision",
               "job": "job", "instance": "instance"}, high=1),
        firing((12, 8)),
    ], variables=(NODE, INSTANCE), annotations=MARKS)
