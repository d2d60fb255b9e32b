# The commands of this repository; each is a script that also runs by itself.
.DEFAULT_GOAL := help
.PHONY: help demo build test test-rules test-real test-faults test-stack restart test-page bench fuzz lint format docs dashboards clean

help:  ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo:  ## Exporters, Prometheus and Alertmanager on simulated nodes; GETH_URL=…, BEACON_URL=… take real ones
	@scripts/demo.sh

build:  ## The programs, into build/release/bin/
	@scripts/install-packages.sh build
	@scripts/build.sh release exporters restart_hook

test:  ## Build and run all tests; no network but loopback
	@scripts/test.sh

test-rules:  ## Each rule fires, is quiet and has its boundary; names and links resolve; one fault is one page
	@scripts/test-rules.sh

test-real:  ## The tests against a real Geth, which is built with Go
	@scripts/test-real.sh

test-faults:  ## What pages for which fault, broken for real side by side; UPDATE=1 writes docs/faults.md
	@scripts/test-faults.sh

test-stack:  ## docker-compose.yaml with images that are made here; installs a Docker engine, needs root
	@scripts/test-stack.sh

restart:  ## SERVICE=… [MINUTES=5]: restart a service of the compose stack without a page
	@scripts/restart.sh

test-page:  ## One page through the compose stack's Alertmanager
	@scripts/test-page.sh

bench:  ## Side by side with an exporter written in Go
	@scripts/bench.sh

fuzz:  ## Each libFuzzer target for a minute
	@scripts/fuzz.sh

lint:  ## Format and clang-tidy, all findings errors
	@scripts/lint.sh

format:  ## Format the C++ sources in place
	@scripts/install-packages.sh lint
	@git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-19 -i

docs:  ## docs/metrics.md from the programs' own tables
	@scripts/install-packages.sh build
	@scripts/build.sh release exporters restart_hook
	@scripts/metrics_doc.py build/release/bin > docs/metrics.md.new
	@mv docs/metrics.md.new docs/metrics.md

dashboards:  ## dashboards/*.json from scripts/dashboard/ and docs/runbooks/
	@scripts/dashboards.py

clean:  ## Remove build/
	@rm -rf build
