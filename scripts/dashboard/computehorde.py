"""Board 13, ComputeHorde."""
from dashboard.grafana import (BLUE, GREEN, ORANGE, RED, YES_IS_GOOD, bars, board, falling, graph,
                               rising, stat, states, table, timeline)
from dashboard.shared import HOUR, MARKS, MINUTE, NODE

NO_COMPUTEHORDE = "no computehorde_exporter"
NO_SEED_ERA = "not of the seed era"
CYCLE = 722 * 12
SCHEMAS = {"known": GREEN, "older": ORANGE, "between": ORANGE, "newer": BLUE, "none": RED}


def make():
    of = 'node=~"$node"'
    each = "node, instance"

    def told(metric, more="", by=each, how="max"):
        return f"{how} by ({by}) (computehorde_{metric}{{{more}{of}}})"

    def since(metric, by=each, more=""):
        return f"time() - {told(f'{metric}_timestamp_seconds', more, by)}"
    schema = " or ".join(f'computehorde_schema_state{{state="{one}",{of}}} * {number}'
                         for number, one in enumerate(SCHEMAS))
    none = {"none": NO_COMPUTEHORDE}
    seed = {"none": NO_SEED_ERA}
    return board("stakewatch-computehorde", "13 ComputeHorde", "Validators of ComputeHorde, by "
                 "their database, queues and backups: computehorde_exporter. Empty without one.", [
        stat("Weights set", "How long ago, 2024: revealed. A cycle is 144 minutes: 1.5 of them "
             "warn, 2.5 page.", [(since("weight_setting_last_success"), "{{instance}}")], "s",
             steps=rising(orange=1.5 * CYCLE, red=2.5 * CYCLE), **none,
             alerts=("WeightsNotSet", "WeightSettingFailing")),
        stat("Database answers", "To the exporter, with its role.",
             [(f'max by ({each}) (stakewatch_source_up{{source="database",'
               f'job=~"computehorde.*",{of}}})', "{{instance}}")], "none", high=1,
             maps=YES_IS_GOOD, **none, alerts=("DatabaseDown",)),
        stat("Serves", "The setting SERVING; nothing where its value is none that is known.",
             [(told("serving"), "{{instance}}")], "none", high=1, maps=YES_IS_GOOD, **none,
             alerts=("NotServing",)),
        stat("Executors online", "Of all classes, by the newest manifests.",
             [(told("executors_online", how="sum"), "{{instance}}")], "none", steps=falling(1, 1),
             **none, alerts=("NoExecutorsOnline", "ManifestStale")),
        stat("Longest queue", "Tasks that wait: over 100 warns.",
             [(told("celery_queue_length"), "{{instance}}")], "none", steps=rising(orange=101),
             **none, alerts=("QueueLong", "RedisDown")),
        stat("Newest backup", "Of those that are not empty: over 26 hours warns, over 50 pages.",
             [(since("backup_newest_nonempty", by=each + ", location"),
               "{{instance}} {{location}}")], "s",
             steps=rising(orange=26 * HOUR, red=50 * HOUR), none="no --backup.folder",
             alerts=("BackupOld", "OffsiteBackupOld")),
        graph("Since weights were set", "It falls with each setting.",
              [(since("weight_setting_last_success"), "{{instance}}"),
               (since("weights_unrevealed_oldest"), "{{instance}} unrevealed")], "s",
              steps=rising(orange=1.5 * CYCLE, red=2.5 * CYCLE), **none,
              alerts=("WeightsNotSet", "WeightsUnrevealed")),
        bars("System events", "By type and subtype, in half an hour.",
             [(f"sum by ({each}, type, subtype) "
               f"(increase(computehorde_system_events_total{{{of}}}[30m])) > 0",
               "{{type}} {{subtype}}")], "none", size=(12, 8), none="no system events",
             alerts=("WeightSettingFailing",)),
        graph("Queues", "Tasks that wait, of all priorities.",
              [(told("celery_queue_length", by=each + ", queue"), "{{instance}} {{queue}}"),
               (told("celery_unacked"), "{{instance}} under way")], "none",
              steps=rising(orange=101), **none, alerts=("QueueLong", "TasksUnacked")),
        graph("Organic jobs by status", "Of the last 2 days: the table has no more.",
              [(told("organic_jobs", by=each + ", status", how="sum"), "{{instance}} {{status}}")],
              "none", stack=True, **none, alerts=("JobsFailing",)),
        bars("Failed jobs by error", "In the status FAILED, of the last 2 days.",
             [(told("organic_jobs", 'status="FAILED",', each + ", error_type, executor_class",
                    "sum") + " > 0", "{{executor_class}} {{error_type}}")], "none", size=(12, 8),
             none="no failed job", alerts=("JobsFailing",)),
        graph("Executors", "Online, and all of them, by class.",
              [(told("executors_online", by=each + ", executor_class"),
                "{{instance}} {{executor_class}} online"),
               (told("executors", by=each + ", executor_class"),
                "{{instance}} {{executor_class}}")], "none", **none,
              alerts=("NoExecutorsOnline",)),
        graph("Cheated jobs", "Reported, without a slashing, and slashed.",
              [(told("organic_jobs_cheated"), "{{instance}} cheated"),
               (told("organic_jobs_cheated_unslashed"), "{{instance}} unslashed"),
               (told("organic_jobs_slashed"), "{{instance}} slashed")], "none", **none,
              alerts=("CheatedUnslashed",)),
        graph("Blocks", "Those without an end, and those that are missing.",
              [(told("blocks_unfinished"), "{{instance}} unfinished"),
               (told("block_gaps"), "{{instance}} missing")], "none", **none,
              alerts=("BlocksStale",)),
        graph("How old", "The newest block, manifest and receipt, and the oldest event that was "
              "not sent.",
              [(since("block_last"), "{{instance}} block"),
               (since("manifest_last"), "{{instance}} manifest"),
               (since("receipt_last", each + ", kind"), "{{instance}} receipt {{kind}}"),
               (since("system_events_unsent_oldest"), "{{instance}} event")], "s",
              steps=rising(orange=20 * MINUTE), **none,
              alerts=("BlocksStale", "ManifestStale", "EventsUnsent")),
        graph("Blacklisted miners", "Those whose time is not over, by reason.",
              [(told("blacklisted", by=each + ", reason"), "{{instance}} {{reason}}")], "none",
              **none),
        graph("Backups", "Size of the newest that is not empty.",
              [(told("backup_newest_size_bytes", by=each + ", location"),
                "{{instance}} {{location}}")], "bytes", none="no --backup.folder",
              alerts=("BackupSmall", "BackupEmpty", "BackupRotationStuck")),
        bars("Failed tasks", "Of Celery's workers by flower, in half an hour. reveal_scores is no "
             "task any more and is left out.",
             [(f'sum by ({each}, task) (increase(flower_events_total{{type="task-failed",'
               f'task!~".*reveal_scores",{of}}}[30m])) > 0', "{{instance}} {{task}}")], "none",
             size=(12, 8), none="no failed task", alerts=("TasksFailing",)),
        graph("Batches of synthetic jobs", "Of the last day, by state. The seed era alone has "
              "them.",
              [(told("synthetic_batches", by=each + ", state"), "{{instance}} {{state}}")], "none",
              **seed, alerts=("SyntheticBatchesFailing",)),
        graph("Prompts", "What waits to be solved, and what is ready. The seed era alone has them.",
              [(told("workloads_unfinished"), "{{instance}} unfinished workloads"),
               (told("prompt_samples_ready"), "{{instance}} samples ready")], "none", **seed,
              alerts=("PromptsFailing",)),
        timeline("Queries", "Whether each was answered when it was asked last.",
                 [(told("query_up", by=each + ", query", how="min"), "{{instance}} {{query}}")],
                 states({0: ("failed", ORANGE), 1: ("answered", GREEN)}), size=(12, 10), **none,
                 alerts=("QueryFailing",)),
        graph("Time of the queries", "Of the last good answer.",
              [(told("query_duration_seconds", by=each + ", query"), "{{instance}} {{query}}")],
              "s", size=(12, 10), **none),
        timeline("Schema", "What is known of it, by the migrations.",
                 [(f"sum by ({each}) ({schema})", "{{instance}}")],
                 states({number: pair for number, pair in enumerate(SCHEMAS.items())}),
                 size=(12, 6), **none, alerts=("SchemaUnknown",)),
        table("Validators", "The era of their schema and the newest migration.",
              f"max by ({each}, era, migration) (computehorde_schema_info{{{of}}})",
              {"node": "node", "instance": "instance", "era": "era", "migration": "migration"},
              size=(12, 6), high=1, **none, alerts=("SchemaUnknown",)),
    ], variables=(NODE,), annotations=MARKS)
