#pragma once
// What the events feed tells: the node's server-sent events, in the order in which they came.
#include "common/metrics.h"

namespace stakewatch::beacon {

inline constexpr auto kEventsConnected =
    Gauge("beaconapi_events_feed_connected",
          "1 while the stream of /eth/v1/events stands. It stands, too, when the chain has stalled "
          "and only keep-alives come: that is told by the time of the last event.");
inline constexpr auto kEventsSubscribed =
    Gauge("beaconapi_events_subscribed",
          "1 for a topic that the node sends on this stream, 0 for one that it refused, as older "
          "clients refuse slashings. Missing while there is no stream.",
          "topic");
inline constexpr auto kEventsLastReceived =
    Gauge("beaconapi_events_last_received_timestamp_seconds",
          "When the last byte came on the stream, keep-alives included.");
inline constexpr auto kEventsLastEvent =
    Gauge("beaconapi_events_last_event_timestamp_seconds",
          "When the last event of the topic came; missing before the first.", "topic");
inline constexpr auto kEventsLastHeadSlot =
    Gauge("beaconapi_events_last_head_slot", "Slot of the last head event.");
inline constexpr auto kEventsReceived = Counter(
    "beaconapi_events_received_total",
    "Events by topic; of proposer_slashing and attester_slashing: slashings seen.", "topic");
inline constexpr auto kEventsUnreadable =
    Counter("beaconapi_events_unreadable_total",
            "Events of these topics that had another shape than the Beacon API's, and heads more "
            "than an hour ahead of this exporter's clock.");
inline constexpr auto kEventsDisconnects =
    Counter("beaconapi_events_feed_disconnects_total", "Streams that stood and were lost.");
inline constexpr auto kEventsReorgs =
    Counter("beaconapi_events_reorgs_total", "Reorganisations, by chain_reorg events.");
inline constexpr auto kEventsReorgDepth =
    Histogram("beaconapi_events_reorg_depth_slots",
              "depth of each chain_reorg, in slots. Clients count it from the old head or from the "
              "new one.");
inline constexpr auto kEventsHeadDelay =
    Histogram("beaconapi_events_head_arrival_delay_seconds",
              "From the start of a slot to the first event that has its block as the head. Heads "
              "of a node that is more than ten minutes behind are left out.");
inline constexpr auto kEventsSlots = Counter(
    "beaconapi_events_slots_total",
    "Slots since the feed began, each counted once, by the second head above it: block, empty, or "
    "unknown. What no head event told was asked of headers/{slot}, for the last 64 slots "
    "of a gap; what lay before, what could not be asked, and what a node skipped while it "
    "caught up is unknown.",
    "content");
inline constexpr auto kEventsHeaderRequests =
    Counter("beaconapi_events_header_requests_total", "Requests of headers/{slot} for that.");

inline constexpr auto kEventsMetrics =
    Table(kEventsConnected, kEventsSubscribed, kEventsLastReceived, kEventsLastEvent,
          kEventsLastHeadSlot, kEventsReceived, kEventsUnreadable, kEventsDisconnects,
          kEventsReorgs, kEventsReorgDepth, kEventsHeadDelay, kEventsSlots, kEventsHeaderRequests);

}  // namespace stakewatch::beacon
