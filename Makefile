# Everything a developer does here, by name. make help lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOFILES = $(shell git ls-files -co --exclude-standard '*.go' | grep -v '_templ\.go$$')
FRONT_END = $(shell find web/assets -type f -not -name '*.test.js')

.PHONY: help run test build assets generate lint bench conformance golden goals model month population torture fuzz screenshot clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## the product with the demo brand and the sandbox network
	bin/kith demo

test: ## everything that must hold: fresh generated code, lint, and all tests with the race detector
	.ci/test

build: assets ## one static binary, bin/kith
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/kith-social/kith/server.Version=$(VERSION)" -o bin/kith .

assets: web/dist/manifest.json ## style sheet, scripts, fonts and icons, bundled into web/dist

web/dist/manifest.json: node_modules/.package-lock.json $(FRONT_END)
	cd web && go run ./assets/build

node_modules/.package-lock.json: package-lock.json
	npm ci --no-progress
	@touch $@

generate: node_modules/.package-lock.json ## write the generated Go code and the assets anew
	go generate ./...

lint: ## go vet, staticcheck and gofumpt
	go vet ./...
	go tool staticcheck ./...
	@unformatted=$$(go tool gofumpt -l $(GOFILES)); \
	if [ -n "$$unformatted" ]; then echo "not formatted (go tool gofumpt -w):"; echo "$$unformatted"; exit 1; fi

bench: build ## the benchmark table: each main job beside its raw limit
	bin/kith bench all

conformance: ## what each network's adapter passes, as a table; the README's is written anew
	go run ./listeners/channeltest/table -w README.md

DATA ?= ../shared/data

golden: ## precision and recall of the readers and the guards on the golden sets
	go test -count=1 -v -run GoldenSet ./triage ./moderation

goals: ## what triage reaches on the public sets in the folder DATA, beside its goals
	go run ./triage/goals $(DATA)

model: ## the shipped weights, taught anew from the recipe's inputs in the folder DATA
	go run ./triage/weights/recipe $(DATA)/train triage/weights

SEED ?= 1

month: ## the brand's month in the wind tunnel with the seed SEED, and what would close its hole
	go run . simulate --seed $(SEED)

population: ## honest members and cheaters for 28 days against the product, with figures; many minutes
	KITH_POPULATION=full go test -count=1 -v -timeout 2h ./server/population

torture: assets ## long crash and fault runs, about an hour
	KITH_TORTURE=1 go test -count=1 -timeout 3h -run 'Torture|Crash' ./...

FUZZTIME ?= 5m

fuzz: ## every fuzz target for FUZZTIME each
	@for folder in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$folder/*_test.go | cut -d' ' -f2); do \
	    echo "== $$folder $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$folder"; \
	  done; \
	done

screenshot: assets ## the picture of the README, made anew
	KITH_SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -run TestJourneyInTheBrowser ./server
	cp screenshots/readme.png docs/screenshot.png

clean: ## remove what was built
	rm -rf bin node_modules web/dist/*
