"""Board 6, Logs."""
from dashboard.grafana import LOKI, board, graph, log_lines, textbox, variable
from dashboard.shared import MARKS, NODE

SERVICE = variable("service", "Service", "Whose log, by the label service_name.", "", source=LOKI)
SEARCH = textbox("search", "Search", "Only lines with this in them; a regular expression.")


def make():
    service = 'service_name=~"$service"'
    bad = r"|~ `(?i)\b(error|eror|fatal|crit|critical|panic)\b`"
    return board("stakewatch-logs", "6 Logs", "What the programs say, beside when alerts fired and "
                 "processes were started. Empty without the log collector and Loki.", [
        graph("Lines by service", "Lines a minute. A service that falls silent is as telling as "
              "one that shouts.",
              [(f"sum by (service_name) (count_over_time({{{service}}}[1m]))",
                "{{service_name}}")], "none", size=(12, 7), columns=True, stack=True, source=LOKI,
              none="no Loki"),
        graph("Errors by service", "Lines a minute that have error, fatal, crit or panic in them.",
              [(f"sum by (service_name) (count_over_time({{{service}}} {bad} [1m]))",
                "{{service_name}}")], "none", size=(12, 7), high=1, columns=True, stack=True,
              source=LOKI, none="no errors"),
        log_lines("Errors", "Newest first. Empty while nothing has gone wrong.",
                  f"{{{service}}} {bad} |~ `(?i)$search`", size=(24, 9), none="no errors"),
        log_lines("All lines", "Newest first, by the services and the search above.",
                  f"{{{service}}} |~ `(?i)$search`", size=(24, 16), none="no Loki"),
    ], variables=(NODE, SERVICE, SEARCH), annotations=MARKS, since="now-1h")
