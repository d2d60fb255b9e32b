"""Pages of mina_exporter, and waiting for them."""
from harness import ROOT, promtool_accepts, wait_until

QUERIES = sum(path.read_text().count("-- @")
              for path in (ROOT / "exporters/mina/queries").glob("*.sql"))


def page_of(exporter):
    """Whatever happens to the database, at once."""
    page = exporter.page(timeout_seconds=3)
    assert page.seconds < 1
    promtool_accepts(page.text)
    return page


def asked(exporter, queries=QUERIES, seconds=20):
    """The page when every query has been asked."""
    def look():
        page = page_of(exporter)
        return page if len(page.series("mina_uptime_query_up")) == queries else None
    return wait_until(look, seconds, "every query is asked")


def failing(page):
    return {query for query, up in page.by("mina_uptime_query_up", "query").items() if not up}


def up(page):
    return page.get("stakewatch_source_up", source="database") == 1


def becomes(exporter, condition, seconds, what):
    def look():
        page = page_of(exporter)
        return page if condition(page) else None
    return wait_until(look, seconds, what, every=0.2)
