"""Pages of computehorde_exporter, and waiting for them."""
import time

QUEUES = {"default", "weights", "metagraph", "organic_jobs"}


def asked(exporter, *queries, seconds=40):
    """The page once these queries were answered since now."""
    begun = time.time()

    def look():
        page = exporter.page()
        last = page.by("computehorde_query_last_success_timestamp_seconds", "query")
        return all(last.get(query, 0) >= begun for query in queries) and page
    return exporter.wait(look, seconds, f"asked {queries} again")


def settled(exporter, query="serving"):
    """The page once the last of the era's queries was asked."""
    return exporter.wait(
        lambda: (page := exporter.page()).get("computehorde_query_up", query=query) is not None
        and page, 30, f"asks {query}")


def up(page):
    return page.by("stakewatch_source_up", "source")


def failed(page):
    return {name for name, value in page.by("computehorde_query_up", "query").items() if value == 0}
