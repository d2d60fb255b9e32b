// The whole validator set as a Go exporter would stream it: encoding/json's Decoder, one element of
// "data" at a time. Prints what tests/bench/validator_set_bench.cpp prints.
//
//	validator-set-go <file or URL>
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type entry struct {
	Balance   string `json:"balance"`
	Status    string `json:"status"`
	Validator struct {
		EffectiveBalance string `json:"effective_balance"`
		Slashed          bool   `json:"slashed"`
	} `json:"validator"`
}

type sums struct {
	validators, active, balance, effectiveBalance, slashed uint64
}

func gwei(text string) uint64 {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return number
}

func (s *sums) add(e *entry) {
	s.validators++
	s.balance += gwei(e.Balance)
	s.effectiveBalance += gwei(e.Validator.EffectiveBalance)
	if strings.HasPrefix(e.Status, "active_") {
		s.active++
	}
	if e.Validator.Slashed {
		s.slashed++
	}
}

func read(from io.Reader) (s sums, err error) {
	decoder := json.NewDecoder(from)
	if _, err = decoder.Token(); err != nil { // {
		return s, err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return s, err
		}
		if name != "data" {
			var other json.RawMessage
			if err := decoder.Decode(&other); err != nil {
				return s, err
			}
			continue
		}
		if _, err := decoder.Token(); err != nil { // [
			return s, err
		}
		for decoder.More() {
			var e entry
			if err := decoder.Decode(&e); err != nil {
				return s, err
			}
			s.add(&e)
		}
		if _, err := decoder.Token(); err != nil { // ]
			return s, err
		}
	}
	_, err = decoder.Token() // }
	return s, err
}

func open(where string) (io.ReadCloser, error) {
	if !strings.HasPrefix(where, "http://") {
		return os.Open(where)
	}
	answer, err := http.Get(where + "/")
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// Of VmHWM: what Getrusage says includes the memory of the process that started this one.
func peakKilobytes() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		log.Fatal(err)
	}
	return kilobytes
}

func main() {
	start := time.Now()
	from, err := open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer from.Close()
	s, err := read(from)
	if err != nil {
		log.Fatal(err)
	}
	wall := time.Since(start).Seconds()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	cpu := float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
	fmt.Printf("found %d %d %d %d %d\n", s.validators, s.active, s.balance, s.effectiveBalance, s.slashed)
	fmt.Printf("took %.4f %.4f %d\n", wall, cpu, peakKilobytes())
}
