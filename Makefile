# Every target is a script in scripts/, so that nothing needs make but this file.
.DEFAULT_GOAL := help
.PHONY: help run test build check generate release bench screenshots clean
MAKEFLAGS += --no-print-directory

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: ## install what is missing, build, start the server with the demo product
	@scripts/run.sh $(ARGS)

test: ## install what is missing, run every test
	@scripts/setup.sh browsers postgres node
	@scripts/test.sh $(ARGS)

build: ## build ./bin/postflight
	@scripts/build.sh

check: ## format, vet, staticcheck, generated files, laws, race detector, linters
	@scripts/check.sh $(ARGS)

generate: ## make every generated file anew
	@scripts/generate.sh

release: ## build the release archives into dist/
	@scripts/release.sh

bench: ## run the benchmarks
	@scripts/bench.sh $(ARGS)

screenshots: ## take the pictures in docs/screenshots anew, from the demo
	@scripts/screenshots.sh

clean: ## remove what was built (never data)
	@rm -rf bin dist
