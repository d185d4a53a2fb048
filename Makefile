# What people and CI run. `make` alone lists it.
.PHONY: help demo demo-aws demo-sync build programs test chaos quick lint docs bench fuzz real snapshot

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## watch a release live on this machine
	go run ./cmd/falkirk demo

# What is missing is installed by the test that needs it.
demo-aws test chaos: export FALKIRK_PEERS = install

demo-aws: ## the same on an emulated AWS: three accounts, two regions, from nothing
	@go test ./test/docs -count=1 -v -run TestTheOrganizationIsReal -show | grep -v -E '^(=== |--- |PASS|ok )'

demo-sync: ## images between two registries: first, unchanged, one tag moved; counted, and checked by skopeo
	./test/peers/install docker-registry skopeo
	@go run ./test/demo/sync

build: ## build bin/falkirk, static
	CGO_ENABLED=0 go build -trimpath -o bin/falkirk ./cmd/falkirk

# The tests run the same programs, and as many packages side by side as keep two
# cores busy: many of them wait. `go vet ./...` comes before, the debugger's tables
# are not linked, and the race detector does not sleep for a second at the end of
# each package.
programs = $(CURDIR)/bin/test
gotest = GORACE=atexit_sleep_ms=0 FALKIRK_PROGRAMS=$(programs) go test -race -vet=off -ldflags=-w -timeout 20m -p 3

programs:
	CGO_ENABLED=0 go build -ldflags="-s -w" -o $(programs)/ ./cmd/falkirk ./test/harness/service ./test/harness/jsonface

test: programs ## everything that CI runs; installs the peers that it needs
	./test/peers/install debian aws
	go vet ./...
	@test -z "$$(gofmt -l cmd internal test)" || { gofmt -l cmd internal test; echo "not formatted: run gofmt -w"; exit 1; }
	GOOS=darwin go vet ./cmd/... ./internal/...
	GOOS=windows go vet ./cmd/... ./internal/...
	$(gotest) ./cmd/... ./internal/...
	$(gotest) -count=1 $$(go list ./test/... | grep -v /test/release) # of the program, which go's cache does not see
	go test -timeout 20m -count=1 ./test/release # alone, as it compiles for six platforms
	./test/thirdparty/run

chaos: programs ## the tests that break things, with all that they can try; takes hours
	./test/peers/install debian aws
	FALKIRK_CHAOS=full $(gotest) -timeout 4h -count=1 $$(go list -f '{{range .TestImports}}{{if eq . "falkirk/test/chaos"}}{{$$.ImportPath}}{{end}}{{end}}{{range .XTestImports}}{{if eq . "falkirk/test/chaos"}}{{$$.ImportPath}}{{end}}{{end}}' ./...)

quick: ## the tests without -race and without the long ones
	go test -short ./...

lint: ## golangci-lint with .golangci.yml
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run

docs: ## write the pages that are made from the program
	go test ./test/docs -run "TestReferencesAreFresh|TestTheDayIsReal|TestTheOrganizationIsReal|TestThePageOnSecurityIsFresh" -update

snapshot: ## make all that a release consists of, in dist
	./ship/goreleaser release --snapshot --clean

fuzz: ## every fuzz test for half a minute
	./test/fuzz

bench: ## measure, and print the table
	./test/bench/run
