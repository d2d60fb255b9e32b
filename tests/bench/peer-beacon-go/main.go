// peer-beacon-go is what beacon_exporter is measured against: the same questions asked of the same
// node in the same parallel way, the same metrics told, written as Go exporters usually are
// (client_golang, promhttp, net/http with kept connections, encoding/json). It is no product.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type statusError int

func (e statusError) Error() string { return fmt.Sprintf("HTTP %d", int(e)) }

type tell func(desc *prometheus.Desc, value float64, labels ...string)

// node is what lives as long as the process.
type node struct {
	url    string
	client *http.Client
	chain  chainOf
	own    *ownKeys
}

// ask reads the answer into result: by GET, or by POST where there is a body.
func (n *node) ask(ctx context.Context, path string, body, result any) error {
	method, content := "GET", io.Reader(nil)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		method, content = "POST", bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, n.url+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != 200 {
		return statusError(answer.StatusCode)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// scrape is one collection, which ends at its deadline.
type scrape struct {
	node    *node
	timeout time.Duration
}

func (s *scrape) Describe(chan<- *prometheus.Desc) {}

func (s *scrape) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	var wait sync.WaitGroup
	for name, source := range s.node.sources() {
		wait.Add(1)
		go func() {
			defer wait.Done()
			start := time.Now()
			var told []prometheus.Metric
			err := source(ctx, func(desc *prometheus.Desc, value float64, labels ...string) {
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
	url := flag.String("url", "http://127.0.0.1:3500", "node")
	file := flag.String("validators-file", "", "a public key and a group in each line")
	limit := flag.Int("per-key-limit", 64, "validators with series of their own")
	flag.Parse()
	own, err := readKeys(*file, *limit)
	if err != nil {
		log.Fatal(err)
	}
	target := &node{url: *url, own: own,
		client: &http.Client{Transport: &http.Transport{MaxIdleConns: 16, MaxIdleConnsPerHost: 16}}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		once := prometheus.NewRegistry()
		once.MustRegister(&scrape{target, timeoutOf(r, 10*time.Second)})
		promhttp.HandlerFor(prometheus.Gatherers{once, registry}, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
