// The source that tells of the operator's own validators.
package main

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
)

const perRequest = 1000

var statuses = []string{"active_ongoing", "active_exiting", "active_slashed", "pending_initialized",
	"pending_queued", "exited_unslashed", "exited_slashed", "withdrawal_possible", "withdrawal_done"}

var (
	configured    = gauge("beaconapi_validators_configured", "Lines of the file.", "group")
	duplicates    = gauge("beaconapi_validators_duplicate", "Lines that name one twice.")
	unknown       = gauge("beaconapi_validators_unknown", "Unknown to the chain.", "group")
	validators    = gauge("beaconapi_validators", "Validators by status.", "group", "status")
	slashedSum    = gauge("beaconapi_validators_slashed", "Slashed ones.", "group")
	balanceSum    = gauge("beaconapi_validators_balance_gwei", "Sum of balances.", "group")
	effectiveSum  = gauge("beaconapi_validators_effective_balance_gwei", "Sum.", "group")
	truncated     = gauge("beaconapi_validator_truncated", "Left out of the series by key.")
	active        = gauge("beaconapi_validator_active", "Active.", "validator", "group")
	slashed       = gauge("beaconapi_validator_slashed", "Slashed.", "validator", "group")
	balance       = gauge("beaconapi_validator_balance_gwei", "Balance.", "validator", "group")
	effective     = gauge("beaconapi_validator_effective_balance_gwei", "Gwei.", "validator", "group")
	fileTimestamp = gauge("beaconapi_validators_file_timestamp_seconds", "When it was changed.")
	fileFailed    = gauge("beaconapi_validators_file_failed", "1 while it cannot be read.")
)

type ownKeys struct {
	path    string
	keys    []string
	groupOf []string
	byKey   map[string]int
	limit   int
}

func readKeys(path string, limit int) (*ownKeys, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	own := &ownKeys{path: path, byKey: map[string]int{}, limit: limit}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		own.byKey[words[0]] = len(own.keys)
		own.keys = append(own.keys, words[0])
		own.groupOf = append(own.groupOf, words[1])
	}
	return own, lines.Err()
}

type validator struct {
	Index     uint64 `json:"index,string"`
	Balance   uint64 `json:"balance,string"`
	Status    string `json:"status"`
	Validator struct {
		Pubkey           string `json:"pubkey"`
		EffectiveBalance uint64 `json:"effective_balance,string"`
		Slashed          bool   `json:"slashed"`
		ActivationEpoch  uint64 `json:"activation_epoch,string"`
		ExitEpoch        uint64 `json:"exit_epoch,string"`
	} `json:"validator"`
}

type groupSums struct {
	configured, unknown, slashed, balance, effective float64
	byStatus                                         map[string]float64
}

// validatorsAsked asks for all keys, a thousand at a time; nil where the chain does not know one.
func (n *node) validatorsAsked(ctx context.Context) ([]*validator, error) {
	all := make([]*validator, len(n.own.keys))
	for from := 0; from < len(all); from += perRequest {
		filter := struct {
			IDs []string `json:"ids"`
		}{n.own.keys[from:min(from+perRequest, len(all))]}
		var told struct {
			Data []validator `json:"data"`
		}
		if err := n.ask(ctx, "/eth/v1/beacon/states/head/validators", filter, &told); err != nil {
			return nil, err
		}
		for i := range told.Data {
			one := &told.Data[i]
			if place, found := n.own.byKey[one.Validator.Pubkey]; found {
				all[place] = one
			}
		}
	}
	return all, nil
}

func (n *node) validators(ctx context.Context, set tell) error {
	state, err := os.Stat(n.own.path)
	if err != nil {
		return err
	}
	all, err := n.validatorsAsked(ctx)
	if err != nil {
		return err
	}
	groups := map[string]*groupSums{}
	for i, one := range all {
		sums := groups[n.own.groupOf[i]]
		if sums == nil {
			sums = &groupSums{byStatus: map[string]float64{}}
			groups[n.own.groupOf[i]] = sums
		}
		sums.configured++
		if one == nil {
			sums.unknown++
			continue
		}
		sums.byStatus[one.Status]++
		sums.slashed += flagValue(one.Validator.Slashed)
		sums.balance += float64(one.Balance)
		sums.effective += float64(one.Validator.EffectiveBalance)
	}
	for group, sums := range groups {
		set(configured, sums.configured, group)
		set(unknown, sums.unknown, group)
		set(slashedSum, sums.slashed, group)
		set(balanceSum, sums.balance, group)
		set(effectiveSum, sums.effective, group)
		for _, status := range statuses {
			set(validators, sums.byStatus[status], group, status)
		}
	}
	set(duplicates, 0)
	set(fileTimestamp, float64(state.ModTime().Unix()))
	set(fileFailed, 0)
	told := min(n.own.limit, len(all))
	set(truncated, float64(len(all)-told))
	for i, one := range all[:told] {
		group := n.own.groupOf[i]
		if one == nil {
			set(active, 0, n.own.keys[i][:14], group)
			continue
		}
		label := strconv.FormatUint(one.Index, 10)
		set(active, flagValue(strings.HasPrefix(one.Status, "active_")), label, group)
		set(slashed, flagValue(one.Validator.Slashed), label, group)
		set(balance, float64(one.Balance), label, group)
		set(effective, float64(one.Validator.EffectiveBalance), label, group)
	}
	return nil
}
