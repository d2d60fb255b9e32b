// peer-go is what our exporter is measured against: the same questions asked of the same node in
// the same parallel way, the same metrics told, written as Go exporters usually are (client_golang,
// promhttp, net/http with kept connections, encoding/json). It is no product.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type peer struct {
	Enode   string `json:"enode"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Network struct {
		RemoteAddress string `json:"remoteAddress"`
		Inbound       bool   `json:"inbound"`
		Trusted       bool   `json:"trusted"`
		Static        bool   `json:"static"`
	} `json:"network"`
	Protocols map[string]json.RawMessage `json:"protocols"`
}

type protocol struct {
	Version       uint64   `json:"version"`
	EarliestBlock *float64 `json:"earliestBlock"`
	LatestBlock   *float64 `json:"latestBlock"`
}

type block struct {
	Number        string   `json:"number"`
	Timestamp     string   `json:"timestamp"`
	BaseFee       string   `json:"baseFeePerGas"`
	GasUsed       string   `json:"gasUsed"`
	GasLimit      string   `json:"gasLimit"`
	Size          string   `json:"size"`
	BlobGasUsed   string   `json:"blobGasUsed"`
	ExcessBlobGas string   `json:"excessBlobGas"`
	Transactions  []string `json:"transactions"`
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	up              = gauge("stakewatch_source_up", "1 if the source answered.", "source")
	duration        = gauge("stakewatch_source_duration_seconds", "How long it took.", "source")
	nodeInfo        = gauge("geth_node_info", "Client and version.", "client", "version")
	peers           = gauge("geth_peers", "Peers.")
	byDirection     = gauge("geth_peers_by_direction", "Peers by direction.", "direction")
	byClient        = gauge("geth_peers_by_client", "Peers by client.", "client")
	byClientVersion = gauge("geth_peers_by_client_version", "Peers by version.", "client", "version")
	byProtocol      = gauge("geth_peers_by_protocol", "Peers by protocol.", "protocol", "version")
	peersStatic     = gauge("geth_peers_static", "Static peers.")
	peersTrusted    = gauge("geth_peers_trusted", "Trusted peers.")
	subnetRatio     = gauge("geth_peers_subnet_max_ratio", "Largest share of a subnet.")
	withRange       = gauge("geth_peers_with_block_range", "Peers that tell a block range.")
	latestLowest    = gauge("geth_peers_latest_block_lowest", "Lowest latest block.")
	latestHighest   = gauge("geth_peers_latest_block_highest", "Highest latest block.")
	blockNumber     = gauge("geth_block_number", "Block number.", "tag")
	blockTimestamp  = gauge("geth_block_timestamp_seconds", "Block timestamp.", "tag")
	baseFee         = gauge("geth_head_base_fee_per_gas_wei", "Base fee.")
	gasUsed         = gauge("geth_head_gas_used", "Gas used.")
	gasLimit        = gauge("geth_head_gas_limit", "Gas limit.")
	transactions    = gauge("geth_head_transactions", "Transactions.")
	size            = gauge("geth_head_size_bytes", "Size.")
	blobGasUsed     = gauge("geth_head_blob_gas_used", "Blob gas used.")
	excessBlobGas   = gauge("geth_head_excess_blob_gas", "Excess blob gas.")
	syncing         = gauge("geth_syncing", "Syncing.")
	txPending       = gauge("geth_txpool_pending", "Pending.")
	txQueued        = gauge("geth_txpool_queued", "Queued.")
	chainID         = gauge("geth_chain_id", "Chain id.")
	networkID       = gauge("geth_network_id", "Network id.")
	listening       = gauge("geth_listening", "Listening.")
	netPeers        = gauge("geth_net_peers", "net_peerCount.")
	gasPrice        = gauge("geth_gas_price_wei", "Gas price.")
)

type node struct {
	url     string
	client  *http.Client
	timeout time.Duration
}

func (n *node) call(ctx context.Context, method, params string, result any) error {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	request, err := http.NewRequestWithContext(ctx, "POST", n.url, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var envelope struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return err
	}
	if envelope.Error != nil {
		return errors.New(envelope.Error.Message)
	}
	return json.Unmarshal(envelope.Result, result)
}

func hex(text string) float64 {
	number, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil {
		return 0
	}
	return float64(number)
}

func clientName(name string) (string, string) {
	parts := strings.Split(name, "/")
	version := "unknown"
	for _, part := range parts[1:] {
		part = strings.TrimPrefix(part, "v")
		if part != "" && part[0] >= '0' && part[0] <= '9' {
			version, _, _ = strings.Cut(part, "-")
			version, _, _ = strings.Cut(version, "+")
			break
		}
	}
	return strings.ToLower(parts[0]), version
}

type tell func(desc *prometheus.Desc, value float64, labels ...string)

func (n *node) peers(ctx context.Context, set tell) error {
	var list []peer
	if err := n.call(ctx, "admin_peers", "[]", &list); err != nil {
		return err
	}
	direction := map[string]int{"inbound": 0, "outbound": 0}
	clients := map[string]int{}
	versions := map[[2]string]int{}
	protocols := map[[2]string]int{}
	subnets := map[netip.Prefix]int{}
	statics, trusted, most, addresses, ranges := 0, 0, 0, 0, 0
	var lowest, highest float64
	for _, p := range list {
		if p.Network.Inbound {
			direction["inbound"]++
		} else {
			direction["outbound"]++
		}
		client, version := clientName(p.Name)
		clients[client]++
		versions[[2]string{client, version}]++
		for name, raw := range p.Protocols {
			var told protocol
			if json.Unmarshal(raw, &told) != nil {
				protocols[[2]string{name, "handshake"}]++
				continue
			}
			protocols[[2]string{name, strconv.FormatUint(told.Version, 10)}]++
			if told.LatestBlock != nil {
				if ranges == 0 || *told.LatestBlock < lowest {
					lowest = *told.LatestBlock
				}
				if *told.LatestBlock > highest {
					highest = *told.LatestBlock
				}
				ranges++
			}
		}
		if p.Network.Static {
			statics++
		}
		if p.Network.Trusted {
			trusted++
		}
		if address, err := netip.ParseAddrPort(p.Network.RemoteAddress); err == nil {
			bits := 48
			if address.Addr().Unmap().Is4() {
				bits = 16
			}
			if prefix, err := address.Addr().Unmap().Prefix(bits); err == nil {
				addresses++
				subnets[prefix]++
				most = max(most, subnets[prefix])
			}
		}
	}
	set(peers, float64(len(list)))
	for word, count := range direction {
		set(byDirection, float64(count), word)
	}
	for word, count := range clients {
		set(byClient, float64(count), word)
	}
	for key, count := range versions {
		set(byClientVersion, float64(count), key[0], key[1])
	}
	for key, count := range protocols {
		set(byProtocol, float64(count), key[0], key[1])
	}
	set(peersStatic, float64(statics))
	set(peersTrusted, float64(trusted))
	if addresses > 0 {
		set(subnetRatio, float64(most)/float64(addresses))
	}
	set(withRange, float64(ranges))
	if ranges > 0 {
		set(latestLowest, lowest)
		set(latestHighest, highest)
	}
	return nil
}

func (n *node) head(ctx context.Context, set tell) error {
	for _, tag := range []string{"latest", "safe", "finalized"} {
		var b *block
		err := n.call(ctx, "eth_getBlockByNumber", `["`+tag+`",false]`, &b)
		if tag == "latest" && (err != nil || b == nil) {
			return fmt.Errorf("no latest block: %w", err)
		}
		if err != nil || b == nil {
			continue
		}
		set(blockNumber, hex(b.Number), tag)
		set(blockTimestamp, hex(b.Timestamp), tag)
		if tag != "latest" {
			continue
		}
		set(baseFee, hex(b.BaseFee))
		set(gasUsed, hex(b.GasUsed))
		set(gasLimit, hex(b.GasLimit))
		set(size, hex(b.Size))
		set(blobGasUsed, hex(b.BlobGasUsed))
		set(excessBlobGas, hex(b.ExcessBlobGas))
		set(transactions, float64(len(b.Transactions)))
	}
	return nil
}

func (n *node) quantity(ctx context.Context, method string, desc *prometheus.Desc, set tell) error {
	var text string
	if err := n.call(ctx, method, "[]", &text); err != nil {
		return err
	}
	if strings.HasPrefix(text, "0x") {
		set(desc, hex(text))
	} else if number, err := strconv.ParseFloat(text, 64); err == nil {
		set(desc, number)
	}
	return nil
}

func (n *node) sources() map[string]func(context.Context, tell) error {
	return map[string]func(context.Context, tell) error{
		"peers": n.peers,
		"head":  n.head,
		"node": func(ctx context.Context, set tell) error {
			var name string
			if err := n.call(ctx, "web3_clientVersion", "[]", &name); err != nil {
				return err
			}
			client, version := clientName(name)
			set(nodeInfo, 1, client, version)
			return nil
		},
		"sync": func(ctx context.Context, set tell) error {
			var state any
			if err := n.call(ctx, "eth_syncing", "[]", &state); err != nil {
				return err
			}
			if flag, ok := state.(bool); ok && !flag {
				set(syncing, 0)
			} else {
				set(syncing, 1)
			}
			return nil
		},
		"txpool": func(ctx context.Context, set tell) error {
			var pool struct{ Pending, Queued string }
			if err := n.call(ctx, "txpool_status", "[]", &pool); err != nil {
				return err
			}
			set(txPending, hex(pool.Pending))
			set(txQueued, hex(pool.Queued))
			return nil
		},
		"chain": func(ctx context.Context, set tell) error {
			return n.quantity(ctx, "eth_chainId", chainID, set)
		},
		"network": func(ctx context.Context, set tell) error {
			if err := n.quantity(ctx, "net_version", networkID, set); err != nil {
				return err
			}
			var on bool
			if err := n.call(ctx, "net_listening", "[]", &on); err != nil {
				return err
			}
			if on {
				set(listening, 1)
			} else {
				set(listening, 0)
			}
			return n.quantity(ctx, "net_peerCount", netPeers, set)
		},
		"gas_price": func(ctx context.Context, set tell) error {
			return n.quantity(ctx, "eth_gasPrice", gasPrice, set)
		},
	}
}

func (n *node) Describe(chan<- *prometheus.Desc) {}

func (n *node) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), n.timeout)
	defer cancel()
	var wait sync.WaitGroup
	for name, scrape := range n.sources() {
		wait.Add(1)
		go func() {
			defer wait.Done()
			start := time.Now()
			var told []prometheus.Metric
			err := scrape(ctx, func(desc *prometheus.Desc, value float64, labels ...string) {
				told = append(told,
					prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...))
			})
			answered := 0.0
			if err == nil {
				answered = 1
				for _, metric := range told {
					out <- metric
				}
			}
			out <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, answered, name)
			out <- prometheus.MustNewConstMetric(duration, prometheus.GaugeValue,
				time.Since(start).Seconds(), name)
		}()
	}
	wait.Wait()
}

func timeoutOf(r *http.Request, most time.Duration) time.Duration {
	if text := r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"); text != "" {
		if seconds, err := strconv.ParseFloat(text, 64); err == nil {
			return min(most, time.Duration((seconds-0.5)*float64(time.Second)))
		}
	}
	return most
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	url := flag.String("url", "http://127.0.0.1:8545", "node")
	dial := flag.String("dial", "", "address that all connections go to, whatever host a URL names")
	flag.Parse()
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := &http.Transport{MaxIdleConns: 20000, MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if *dial != "" {
				address = *dial
			}
			return dialer.DialContext(ctx, network, address)
		}}
	client := &http.Client{Transport: transport}
	const most = 10 * time.Second
	own := prometheus.NewRegistry()
	own.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		registry := prometheus.NewRegistry()
		registry.MustRegister(&node{*url, client, timeoutOf(r, most)})
		promhttp.HandlerFor(prometheus.Gatherers{registry, own}, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
	http.HandleFunc("/probe", func(w http.ResponseWriter, r *http.Request) {
		registry := prometheus.NewRegistry()
		registry.MustRegister(&node{r.URL.Query().Get("target"), client, timeoutOf(r, most)})
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
