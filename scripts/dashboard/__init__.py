"""The Grafana boards: a module each with make(), of the parts in grafana and what they share."""
