"""Board 4, Peers of both clients."""
from dashboard.grafana import (YES_IS_GOOD, bars, board, by_column, falling, graph, rising, stat,
                               table)
from dashboard.shared import MARKS, NODE


def make():
    of = 'node=~"$node"'
    inbound = f'direction="inbound",{of}'
    return board("stakewatch-peers", "4 Peers", "How many, from where, and how good.", [
        stat("Execution peers", "Under 3 for 5 minutes pages, under a quarter of the week's most "
             "warns.", f"max by (node) (stakewatch:execution_peers{{{of}}})", "none",
             steps=falling(8, orange=3), alerts=("PeersLow",)),
        stat("Beacon peers", "Connected ones. Under 3 for 5 minutes pages, under a quarter of the "
             "week's most warns.", f'max by (node) (beaconapi_peers{{state="connected",{of}}})',
             "none", steps=falling(8, orange=3), alerts=("PeersLow",)),
        stat("Execution, inbound", "Peers that opened the connection: none for 20 minutes warns "
             "that nobody can reach the node.",
             f"max by (node) (geth_peers_by_direction{{{inbound}}})", "none", steps=falling(1),
             alerts=("NoInboundPeers",)),
        stat("Beacon, inbound", "Peers that opened the connection: none for 20 minutes warns "
             "that nobody can reach the node.",
             f"max by (node) (beaconapi_peers_by_direction{{{inbound}}})", "none", steps=falling(1),
             alerts=("NoInboundPeers",)),
        stat("Of the week's most", "Execution peers now over the most of the last seven days.",
             f"max by (node) (clamp_max(stakewatch:execution_peers{{{of}}} / on (job, instance, "
             f"node) stakewatch:execution_peers:max_1w{{{of}}}, 1))", "percentunit", high=1,
             steps=falling(0.25), none="not known for a minute", alerts=("PeersLow",)),
        stat("In one subnet", "Share of the execution peers in the subnet with the most of them "
             "(IPv4 /16, IPv6 /48): over a half warns.",
             f"max by (node) (geth_peers_subnet_max_ratio{{{of}}})", "percentunit", high=1,
             steps=rising(orange=0.5), alerts=("PeersInOneSubnet",)),
        graph("Execution peers by direction", "Who opened the connection.",
              [(f"max by (node, direction) (geth_peers_by_direction{{{of}}})",
                "{{node}} {{direction}}")], "none", high=10, stack=True,
              alerts=("PeersLow", "NoInboundPeers")),
        graph("Beacon peers by direction", "Who opened the connection.",
              [(f"max by (node, direction) (beaconapi_peers_by_direction{{{of}}})",
                "{{node}} {{direction}}")], "none", high=10, stack=True,
              alerts=("PeersLow", "NoInboundPeers")),
        bars("Execution peers by client", "Of a fixed set of known ones.",
             [(f"sum by (client) (geth_peers_by_client{{{of}}})", "{{client}}")], "none",
             size=(8, 9)),
        bars("Execution peers by protocol", "By protocol and version, as negotiated.",
             [(f"sum by (protocol, version) (geth_peers_by_protocol{{{of}}})",
               "{{protocol}}/{{version}}")], "none", size=(8, 9)),
        bars("Beacon peers by state", "Connecting and disconnecting ones come and go.",
             [(f"sum by (state) (beaconapi_peers{{{of}}})", "{{state}}")], "none", size=(8, 9)),
        table("Execution clients and versions", "The versions with the most peers.",
              f"sort_desc(sum by (client, version) (geth_peers_by_client_version{{{of}}}))",
              {"client": "client", "version": "version", "Value": "peers"}),
        table("Expected peers", "Those named in --geth.expected-peers. Empty without that flag.",
              f"sort(max by (node, peer) (geth_expected_peer_connected{{{of}}}))",
              {"node": "node", "peer": "peer", "Value": "connected"}, high=1,
              none="no --geth.expected-peers", overrides=[by_column(
                  "connected", mappings=YES_IS_GOOD,
                  **{"custom.cellOptions": {"type": "color-background", "mode": "basic"}})],
              alerts=("ExpectedPeerLost",)),
        graph("Blocks that execution peers have", "Latest blocks they tell, against the node's own "
              "head (eth/69 on).",
              [(f"max by (node) (geth_peers_latest_block_highest{{{of}}}) - max by (node) "
                f'(geth_block_number{{tag="latest",{of}}})', "{{node}} highest less own"),
               (f"max by (node) (geth_peers_latest_block_lowest{{{of}}}) - max by (node) "
                f'(geth_block_number{{tag="latest",{of}}})', "{{node}} lowest less own")],
              "suffix: blocks", low=-2, high=2, none="no peer tells"),
        graph("Peers with special rights", "Static: the node was told to keep them. Trusted: let "
              "in above the limit.",
              [(f"max by (node) (geth_peers_static{{{of}}})", "{{node}} static"),
               (f"max by (node) (geth_peers_trusted{{{of}}})", "{{node}} trusted")], "none",
              high=3),
    ], variables=(NODE,), annotations=MARKS)
