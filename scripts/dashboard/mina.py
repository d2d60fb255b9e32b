"""Board 12, Mina."""
from dashboard.grafana import (GREEN, ORANGE, RED, bars, board, by_column, falling, graph, rising,
                               stat, states, table, timeline)
from dashboard.shared import DAY, MARKS, NODE

NONE = {"none": "no mina_exporter"}
ANSWERS = states({0: ("down", RED), 1: ("up", GREEN)})
SESSIONS = states({0: ("gone", RED), 1: ("connected", GREEN), 2: ("twice", ORANGE)})
FINE = states({0: ("fine", GREEN), 1: ("warns", ORANGE), 2: ("bad", RED)})


def make():
    of = 'node=~"$node"'
    each = "node, instance"

    def told(metric, more="", by=each, how="max"):
        return f"{how} by ({by}) (mina_uptime_{metric}{{{more}{of}}})"
    lag = (f"max by ({each}) ((time() - mina_uptime_last_batch_end_timestamp_seconds{{{of}}})"
           f" / mina_uptime_interval_seconds{{{of}}})")
    results = "last_batch_submissions_by_result"
    invalid = (f"sum by ({each}) (mina_uptime_{results}{{result=\"invalid\",{of}}})"
               f" / (sum by ({each}) (mina_uptime_{results}{{{of}}}) > 0)")
    wrong = [(told(f"nodes_{what}"), "{{instance}} " + word)
             for what, word in (("wrong_score", "wrong"), ("stale_score", "stale"),
                                ("over_100_percent", "above 100 %"), ("duplicate_keys", "twice"))]
    return board("stakewatch-mina", "12 Mina", "The Mina uptime coordinator's batches and scores, "
                 "by mina_exporter. Empty without one.", [
        stat("Since the last batch", "From its end on, in intervals: up to 1 and a bit is healthy.",
             [(lag, "{{instance}}")], "none", decimals=1, steps=rising(orange=2, red=4), **NONE,
             alerts=("BatchLate", "CoordinatorRetries")),
        stat("The verifiers took", "The processing time of the last batch.",
             [(told("last_batch_processing_seconds"), "{{instance}}")], "s", **NONE,
             alerts=("ProcessingTimeOdd",)),
        stat("In the last batch", "Submissions that were processed. 0 costs every producer score.",
             [(told("last_batch_submissions"), "{{instance}}")], "none", steps=falling(1), **NONE,
             alerts=("BatchEmpty",)),
        stat("Invalid", "Of the submissions of the last batch.", [(invalid, "{{instance}}")],
             "percentunit", high=1, decimals=1, steps=rising(orange=0.2), none="no submission",
             alerts=("InvalidShare",)),
        stat("Since a submission", "Empty with --mina.storage=cassandra.",
             [(f"time() - {told('last_submission_timestamp_seconds')}", "{{instance}}")], "s",
             steps=rising(red=900), **NONE, alerts=("NoSubmissions",)),
        stat("Coordinator", "Its sessions in the database.",
             [(f"clamp_max({told('coordinator_sessions')}, 2)", "{{instance}}")], "none",
             maps=SESSIONS, **NONE, alerts=("CoordinatorSessions",)),
        stat("Database", "Whether PostgreSQL answers.",
             [(f'min by ({each}) (stakewatch_source_up{{source="database",job=~"mina.*",{of}}})',
               "{{instance}}")], "none", high=1, maps=ANSWERS, **NONE, alerts=("DatabaseDown",)),
        stat("In no batch, 24 h", "Time between batches of the last day.",
             [(told("batch_gap_seconds_24h"), "{{instance}}")], "s", steps=rising(red=1), **NONE,
             alerts=("BatchGap",)),
        stat("Overlapping, 24 h", "Batches that began before an earlier one ended.",
             [(told("batch_overlaps_24h"), "{{instance}}")], "none", steps=rising(orange=1), **NONE,
             alerts=("BatchOverlap",)),
        stat("Rolled back", "Ids of batches that were given and never written.",
             [(told("bot_log_ids_rolled_back"), "{{instance}} now"),
              (told("bot_log_ids_skipped_24h"), "{{instance}} 24 h")], "none",
             steps=rising(orange=1), **NONE, alerts=("BatchLost",)),
        stat("points_summary", "Rows that it or points lacks, and rows without a batch.",
             [(told("summaries_missing", by=each + ", in"), "{{instance}} lacking in {{in}}"),
              (told("summaries_orphaned"), "{{instance}} orphans")], "none",
             steps=rising(orange=1), **NONE, alerts=("SummaryMismatch", "SummaryOrphans")),
        stat("Scores that are wrong", "Made again from points_summary once an hour.", wrong, "none",
             steps=rising(orange=1), **NONE,
             alerts=("ScoreWrong", "ScoreOver100", "DuplicateProducers", "ScoreHistoryOld")),
        timeline("Batches", "Whether the last batch is in time (2 and 4 intervals), has submissions, "
                 "and follows the one before.",
                 [(f"({lag} > bool 2) + ({lag} > bool 4)", "{{instance}} in time"),
                  (f"2 * ({told('last_batch_submissions')} == bool 0)", "{{instance}} not empty"),
                  (f"2 * ({told('batch_gap_seconds_24h')} > bool 0)", "{{instance}} without a gap"),
                  (f"{told('batch_overlaps_24h')} > bool 0", "{{instance}} without an overlap"),
                  (f"2 * ({told('bot_log_ids_rolled_back')} > bool 0)", "{{instance}} written")],
                 FINE, **NONE, alerts=("BatchLate", "BatchEmpty", "BatchGap", "BatchOverlap",
                                       "BatchLost")),
        graph("Processing time", "Of the last batch, with the limits of the flags.",
              [(told("last_batch_processing_seconds"), "{{instance}}"),
               (told("processing_limit_seconds", by=each + ", limit"), "{{instance}} {{limit}}")],
              "s", **NONE, alerts=("ProcessingTimeOdd",)),
        bars("Batches by processing time", "In the last hours of the board, up to so many seconds.",
             [(f"sum by (le) (increase(mina_uptime_batch_processing_seconds_bucket{{{of}}}"
               "[$__range]))", "{{le}} s")], "none", size=(12, 8), **NONE),
        graph("The last batch by result", "Submissions, as the verifiers found them.",
              [(told(results, by=each + ", result"), "{{instance}} {{result}}")], "none",
              stack=True, **NONE, alerts=("InvalidShare", "TailTooShort")),
        graph("Submissions that wait", "Since the end of the last batch; unverified ones before it "
              "count for nobody.",
              [(told("submissions_waiting"), "{{instance}} waiting"),
               (told("submissions_unverified_in_done_batches"), "{{instance}} unverified")], "none",
              **NONE, alerts=("VerifierMissed",)),
        bars("Errors by class", "Of the newest 20000 submissions.",
             [(told("validation_errors", by="class", how="sum"), "{{class}}")], "none", **NONE,
             alerts=("InvalidShare",)),
        graph("Points and producers", "Of the last batch, and producers of the last 24 hours.",
              [(told("last_batch_points"), "{{instance}} points"),
               (told("last_batch_nodes"), "{{instance}} producers"),
               (told("nodes_active_24h"), "{{instance}} in 24 h")], "none", size=(16, 8), **NONE),
        table("Leaderboard", "Scores, the highest first, up to --mina.per-producer-limit.",
              "sort_desc(" + told("score_ratio", by="block_producer") + ")",
              {"block_producer": "producer", "Value": "score"}, size=(12, 10), unit="percentunit",
              high=1, **NONE, overrides=[by_column("score", decimals=2)], alerts=("ScoreOver100",)),
        graph("Scores", "Their median, the lowest tenth and the lowest.",
              [(f"quantile by ({each}) ({share}, mina_uptime_score_ratio{{{of}}})",
                "{{instance}} " + word)
               for share, word in ((0.5, "median"), (0.1, "lowest tenth"), (0, "lowest"))],
              "percentunit", high=1, size=(12, 10), **NONE),
        bars("Producers by status", "By application_status, and those with a score.",
             [(told("nodes", by="application_status", how="sum"), "status {{application_status}}"),
              (told("nodes_scored", by="node", how="sum"), "scored")], "none", **NONE,
             alerts=("ApplicationStatusFailed", "DuplicateProducers")),
        bars("Oldest rows", "Of each table; --mina.retention-days judges all but score_history.",
             [(f"time() - {told('oldest_row_timestamp_seconds', by='table', how='min')}",
               "{{table}}")], "s", steps=rising(orange=97 * DAY), **NONE, alerts=("RowsOld",)),
        graph("Tables", "Their sizes with indexes.",
              [(told("table_bytes", by="table"), "{{table}}"),
               (told("db_size_bytes"), "all of {{instance}}")], "bytes", size=(8, 8), **NONE,
              alerts=("DatabaseGrowing",)),
        graph("Queries", "How long each one took when it last succeeded.",
              [(told("query_duration_seconds", by="query"), "{{query}}")], "s", **NONE,
              alerts=("QueryFailing",)),
        timeline("Queries that work", "Each by its last run.",
                 [(told("query_up", by="query", how="min"), "{{query}}")],
                 states({0: ("fails", RED), 1: ("works", GREEN)}), size=(12, 8), **NONE,
                 alerts=("QueryFailing",)),
    ], variables=(NODE,), annotations=MARKS)
