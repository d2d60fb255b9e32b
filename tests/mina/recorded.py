"""The rows that a real coordinator wrote: nine batches of three producers."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CASE = HERE / "cases/coordinator-nine-batches"
TABLES = ("bot_logs", "statehash", "bot_logs_statehash", "nodes", "points", "points_summary",
          "score_history", "submissions")
LAST_END = 1795241103  # Of the last batch, in Unix time.


def load_recorded(server, database, last_end):
    """Makes the database with these rows as if the last batch had ended then; gives the shift."""
    shift = int(last_end) - LAST_END
    server.sql(f"CREATE DATABASE {database}")
    server.load(HERE / "schema.sql", database)
    later = f"interval '{shift} seconds'"
    server.sql("\n".join([
        "SET session_replication_role = replica;",  # points_summary has its own file.
        *(f"\\copy {table} FROM '{CASE / table}.csv' CSV HEADER" for table in TABLES),
        f"UPDATE bot_logs SET batch_start_epoch = batch_start_epoch + {shift}, batch_end_epoch ="
        f" batch_end_epoch + {shift}, file_timestamps = file_timestamps + {later};",
        f"UPDATE submissions SET submitted_at = submitted_at + {later}, created_at = created_at +"
        f" {later}, submitted_at_date = (submitted_at + {later})::date;",
        f"UPDATE points SET file_timestamps = file_timestamps + {later}, created_at = created_at +"
        f" {later}, blockchain_epoch = blockchain_epoch + 1000 * {shift};",
        f"UPDATE score_history SET score_at = score_at + {later};",
        f"UPDATE nodes SET updated_at = updated_at + {later};",
        *(f"SELECT setval('{table}_id_seq', max(id)) FROM {table};" for table in TABLES
          if table != "points_summary"),
        "VACUUM ANALYZE;"]), database)
    return shift
