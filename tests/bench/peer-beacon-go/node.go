// The sources that tell of the node and its chain.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const farFuture = math.MaxUint64

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	up       = gauge("stakewatch_source_up", "1 if the source answered.", "source")
	duration = gauge("stakewatch_source_duration_seconds", "How long it took.", "source")

	nodeInfo      = gauge("beaconapi_node_info", "Client and version.", "client", "version")
	versionNumber = gauge("beaconapi_node_version_number", "Version to compare.", "client")
	executionInfo = gauge("beaconapi_execution_client_info", "Execution client.", "client", "version")
	evidence      = gauge("beaconapi_execution_link_broken", "Evidence.", "evidence")

	headSlot     = gauge("beaconapi_head_slot", "Head slot.")
	clockSlot    = gauge("beaconapi_clock_slot", "Slot of the clock.")
	headLag      = gauge("beaconapi_head_lag_slots", "Clock slot less head slot.")
	syncDistance = gauge("beaconapi_sync_distance_slots", "Sync distance.")
	syncing      = gauge("beaconapi_syncing", "Syncing.")
	optimistic   = gauge("beaconapi_optimistic", "Optimistic.")
	elOffline    = gauge("beaconapi_el_offline", "Execution client offline.")
	healthStatus = gauge("beaconapi_health_status_code", "Status of node/health.")

	peers            = gauge("beaconapi_peers", "Peers by state.", "state")
	peersByDirection = gauge("beaconapi_peers_by_direction", "Peers by direction.", "direction")

	previousJustified = gauge("beaconapi_previous_justified_epoch", "Previous justified epoch.")
	currentJustified  = gauge("beaconapi_current_justified_epoch", "Current justified epoch.")
	finalizedEpoch    = gauge("beaconapi_finalized_epoch", "Finalized epoch.")
	finalityLag       = gauge("beaconapi_finality_lag_epochs", "Clock epoch less finalized one.")

	networkInfo   = gauge("beaconapi_network_info", "Network.", "name")
	genesisTime   = gauge("beaconapi_genesis_timestamp_seconds", "Genesis.")
	slotDuration  = gauge("beaconapi_slot_duration_seconds", "Length of a slot.")
	slotsPerEpoch = gauge("beaconapi_slots_per_epoch", "Slots per epoch.")
	clockEpoch    = gauge("beaconapi_clock_epoch", "Epoch of the clock.")

	forkEpoch    = gauge("beaconapi_fork_epoch", "Epoch of each fork.", "fork")
	nextFork     = gauge("beaconapi_next_fork_epoch", "Epoch of the next fork.", "fork")
	nextForkTime = gauge("beaconapi_next_fork_timestamp_seconds", "When it begins.", "fork")
	nextBlob     = gauge("beaconapi_next_blob_schedule_epoch", "Next change of blobs.")
	nextBlobTime = gauge("beaconapi_next_blob_schedule_timestamp_seconds", "When it begins.")

	participation = gauge("beaconapi_participation_ratio", "Participation.", "epoch", "vote")
)

type fork struct {
	name  string
	epoch uint64
}

type chain struct {
	genesis       int64
	root          string
	name          string
	slotSeconds   float64
	slotsPerEpoch uint64
	forks         []fork   // By epoch.
	blobs         []uint64 // Epochs, ascending.
}

func (c *chain) slot() uint64 {
	return uint64(max(0, float64(time.Now().UnixNano())/1e9-float64(c.genesis)) / c.slotSeconds)
}

func (c *chain) epoch() uint64 { return c.slot() / c.slotsPerEpoch }

func (c *chain) begins(epoch uint64) float64 {
	return float64(c.genesis) + float64(epoch)*float64(c.slotsPerEpoch)*c.slotSeconds
}

// chainOf asks for the genesis each time, and for the spec when the last one is ten minutes old.
type chainOf struct {
	mutex sync.Mutex
	last  *chain
	asked time.Time
}

func (n *node) askChain(ctx context.Context) (*chain, error) {
	var genesis struct {
		Data struct {
			GenesisTime           int64  `json:"genesis_time,string"`
			GenesisValidatorsRoot string `json:"genesis_validators_root"`
		} `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/beacon/genesis", nil, &genesis); err != nil {
		return nil, err
	}
	n.chain.mutex.Lock()
	last, asked := n.chain.last, n.chain.asked
	n.chain.mutex.Unlock()
	if last != nil && last.genesis == genesis.Data.GenesisTime &&
		last.root == genesis.Data.GenesisValidatorsRoot && time.Since(asked) < 10*time.Minute {
		return last, nil
	}
	var spec struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/config/spec", nil, &spec); err != nil {
		return nil, err
	}
	known := &chain{genesis: genesis.Data.GenesisTime, root: genesis.Data.GenesisValidatorsRoot}
	if err := known.read(spec.Data); err != nil {
		return nil, err
	}
	n.chain.mutex.Lock()
	n.chain.last, n.chain.asked = known, time.Now()
	n.chain.mutex.Unlock()
	return known, nil
}

func (c *chain) read(spec map[string]json.RawMessage) error {
	number := func(name string) uint64 {
		value, _ := strconv.ParseUint(strings.Trim(string(spec[name]), `"`), 10, 64)
		return value
	}
	_ = json.Unmarshal(spec["CONFIG_NAME"], &c.name)
	c.slotSeconds = float64(number("SLOT_DURATION_MS")) / 1e3
	if c.slotSeconds == 0 {
		c.slotSeconds = float64(number("SECONDS_PER_SLOT"))
	}
	c.slotsPerEpoch = number("SLOTS_PER_EPOCH")
	if c.slotSeconds == 0 || c.slotsPerEpoch == 0 {
		return errors.New("no length of slots and epochs")
	}
	for key := range spec {
		if name, found := strings.CutSuffix(key, "_FORK_EPOCH"); found {
			c.forks = append(c.forks, fork{name, number(key)})
		}
	}
	sort.Slice(c.forks, func(i, j int) bool { return c.forks[i].epoch < c.forks[j].epoch })
	var blobs []struct {
		Epoch uint64 `json:"EPOCH,string"`
	}
	_ = json.Unmarshal(spec["BLOB_SCHEDULE"], &blobs)
	for _, entry := range blobs {
		c.blobs = append(c.blobs, entry.Epoch)
	}
	sort.Slice(c.blobs, func(i, j int) bool { return c.blobs[i] < c.blobs[j] })
	return nil
}

func flagValue(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// versionOf takes the leading "v" and what follows the numbers off.
func versionOf(text string) string {
	text = strings.TrimPrefix(text, "v")
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		text = text[:end]
	}
	return text
}

func (n *node) version(ctx context.Context, set tell) error {
	var v1 struct {
		Data struct {
			Version string `json:"version"`
		} `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/node/version", nil, &v1); err != nil {
		return err
	}
	parts := strings.Split(v1.Data.Version, "/")
	client, version := strings.ToLower(parts[0]), "unknown"
	if len(parts) > 1 {
		version = versionOf(parts[1])
	}
	set(nodeInfo, 1, client, version)
	number, weight := 0.0, 1e6
	for _, part := range strings.SplitN(version, ".", 3) {
		value, _ := strconv.ParseFloat(part, 64)
		number += weight * value
		weight /= 1e3
	}
	set(versionNumber, number, client)
	var v2 struct {
		Data struct {
			ExecutionClient *struct {
				Code    string `json:"code"`
				Version string `json:"version"`
			} `json:"execution_client"`
		} `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v2/node/version", nil, &v2); err != nil {
		return err
	}
	execution := v2.Data.ExecutionClient
	set(evidence, flagValue(execution == nil), "client_gone")
	if execution != nil {
		name, known := map[string]string{"GE": "geth", "NM": "nethermind", "BU": "besu",
			"EG": "erigon", "RH": "reth"}[execution.Code]
		if !known {
			name = "other"
		}
		set(executionInfo, 1, name, versionOf(execution.Version))
	}
	return nil
}

func (n *node) sync(ctx context.Context, set tell) error {
	known, err := n.askChain(ctx)
	if err != nil {
		return err
	}
	var state struct {
		Data struct {
			HeadSlot     uint64 `json:"head_slot,string"`
			SyncDistance uint64 `json:"sync_distance,string"`
			IsSyncing    bool   `json:"is_syncing"`
			IsOptimistic *bool  `json:"is_optimistic"`
			ElOffline    *bool  `json:"el_offline"`
		} `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/node/syncing", nil, &state); err != nil {
		return err
	}
	health := 200
	if err := n.ask(ctx, "/eth/v1/node/health", nil, nil); err != nil {
		var status statusError
		if !errors.As(err, &status) {
			return err
		}
		health = int(status)
	}
	told := state.Data
	clock := known.slot()
	set(headSlot, float64(told.HeadSlot))
	set(clockSlot, float64(clock))
	set(headLag, max(0, float64(clock)-float64(told.HeadSlot)))
	set(syncDistance, float64(told.SyncDistance))
	set(syncing, flagValue(told.IsSyncing))
	if told.IsOptimistic != nil {
		set(optimistic, flagValue(*told.IsOptimistic))
		set(evidence, flagValue(*told.IsOptimistic), "optimistic")
	}
	if told.ElOffline != nil {
		set(elOffline, flagValue(*told.ElOffline))
		set(evidence, flagValue(*told.ElOffline), "el_offline")
	}
	set(healthStatus, float64(health))
	return nil
}

func (n *node) peers(ctx context.Context, set tell) error {
	var count struct {
		Data map[string]string `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/node/peer_count", nil, &count); err != nil {
		return err
	}
	var list struct {
		Data []struct {
			State     string `json:"state"`
			Direction string `json:"direction"`
		} `json:"data"`
	}
	if err := n.ask(ctx, "/eth/v1/node/peers?state=connected", nil, &list); err != nil {
		return err
	}
	for state, text := range count.Data {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		set(peers, number, state)
	}
	directions := map[string]int{"inbound": 0, "outbound": 0}
	for _, peer := range list.Data {
		if peer.State == "connected" {
			directions[peer.Direction]++
		}
	}
	for direction, number := range directions {
		set(peersByDirection, float64(number), direction)
	}
	return nil
}

func (n *node) finality(ctx context.Context, set tell) error {
	known, err := n.askChain(ctx)
	if err != nil {
		return err
	}
	type checkpoint struct {
		Epoch uint64 `json:"epoch,string"`
	}
	var told struct {
		Data struct {
			PreviousJustified checkpoint `json:"previous_justified"`
			CurrentJustified  checkpoint `json:"current_justified"`
			Finalized         checkpoint `json:"finalized"`
		} `json:"data"`
	}
	const path = "/eth/v1/beacon/states/head/finality_checkpoints"
	if err := n.ask(ctx, path, nil, &told); err != nil {
		return err
	}
	set(previousJustified, float64(told.Data.PreviousJustified.Epoch))
	set(currentJustified, float64(told.Data.CurrentJustified.Epoch))
	set(finalizedEpoch, float64(told.Data.Finalized.Epoch))
	set(finalityLag, max(0, float64(known.epoch())-float64(told.Data.Finalized.Epoch)))
	return nil
}

func (n *node) network(ctx context.Context, set tell) error {
	known, err := n.askChain(ctx)
	if err != nil {
		return err
	}
	set(networkInfo, 1, known.name)
	set(genesisTime, float64(known.genesis))
	set(slotDuration, known.slotSeconds)
	set(slotsPerEpoch, float64(known.slotsPerEpoch))
	set(clockEpoch, float64(known.epoch()))
	return nil
}

func (n *node) fork(ctx context.Context, set tell) error {
	known, err := n.askChain(ctx)
	if err != nil {
		return err
	}
	epoch, next := known.epoch(), false
	for _, one := range known.forks {
		if one.epoch == farFuture {
			continue
		}
		set(forkEpoch, float64(one.epoch), one.name)
		if one.epoch > epoch && !next {
			next = true
			set(nextFork, float64(one.epoch), one.name)
			set(nextForkTime, known.begins(one.epoch), one.name)
		}
	}
	for _, at := range known.blobs {
		if at > epoch && at != farFuture {
			set(nextBlob, float64(at))
			set(nextBlobTime, known.begins(at))
			break
		}
	}
	return nil
}

func (n *node) participation(ctx context.Context, set tell) error {
	var told struct {
		Participation struct {
			CurrentActive     uint64 `json:"current_epoch_active_gwei,string"`
			CurrentAttesting  uint64 `json:"current_epoch_attesting_gwei,string"`
			CurrentTarget     uint64 `json:"current_epoch_target_attesting_gwei,string"`
			PreviousActive    uint64 `json:"previous_epoch_active_gwei,string"`
			PreviousAttesting uint64 `json:"previous_epoch_attesting_gwei,string"`
			PreviousTarget    uint64 `json:"previous_epoch_target_attesting_gwei,string"`
			PreviousHead      uint64 `json:"previous_epoch_head_attesting_gwei,string"`
		} `json:"participation"`
	}
	if err := n.ask(ctx, "/prysm/v1/validators/head/participation", nil, &told); err != nil {
		return err
	}
	ratio := func(part, whole uint64, epoch, vote string) {
		if whole > 0 {
			set(participation, float64(part)/float64(whole), epoch, vote)
		}
	}
	p := told.Participation
	ratio(p.CurrentAttesting, p.CurrentActive, "current", "any")
	ratio(p.CurrentTarget, p.CurrentActive, "current", "target")
	ratio(p.PreviousAttesting, p.PreviousActive, "previous", "any")
	ratio(p.PreviousTarget, p.PreviousActive, "previous", "target")
	ratio(p.PreviousHead, p.PreviousActive, "previous", "head")
	return nil
}

func (n *node) sources() map[string]func(context.Context, tell) error {
	return map[string]func(context.Context, tell) error{
		"node":          n.version,
		"sync":          n.sync,
		"peers":         n.peers,
		"finality":      n.finality,
		"network":       n.network,
		"fork":          n.fork,
		"participation": n.participation,
		"validators":    n.validators,
	}
}
