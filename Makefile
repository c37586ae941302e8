.DEFAULT_GOAL := help
.PHONY: demo test test-quick bench chaos lint format build release clean help

demo: ## start everything on one machine, with simulators
	@scripts/demo $(ARGS)

test: ## lint, build, Swift tests on both databases, contract tests, browser tests
	@scripts/test

test-quick: ## the same without contract and browser tests
	@scripts/test --quick

bench: ## build for release and measure
	@scripts/bench $(ARGS)

chaos: ## kill servers and databases under load, check that nothing is lost
	@scripts/chaos $(ARGS)

lint: ## check format and scripts
	@scripts/lint

format: ## format the Swift sources
	@swift format --in-place --parallel --recursive Package.swift Sources Tests

build: ## build for debugging
	@scripts/assets
	@swift build

release: ## build for release
	@scripts/assets
	@swift build -c release --static-swift-stdlib --product patchbay

clean: ## remove what was built
	@swift package clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
