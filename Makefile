# Two commands: `make demo` and `make test`. All dependencies are installed inside the checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first Python that is new enough; a version manager may provide commands on the PATH that do not run.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$each" && break; done)

BIN := .venv/bin
PYTHON_READY := .venv/.ready
NODE_READY := node_modules/.ready
CHECKOV_READY := .venv/checkov/.installed
CUSTODIAN_READY := .venv/custodian/.installed
CDKTN_READY := .venv/cdktn/.ready
TERRAFORM_READY := .venv/terraform/.ready
BROWSER_READY := .venv/.browser-ready
DOCS_READY := .venv/docs/.installed
PACKAGES := import sysconfig; print(sysconfig.get_path("purelib"))
# .venv may contain uv.
INSTALL := PATH="$(CURDIR)/$(BIN):$$PATH" ci/install.sh

# Tests that run Terraform mostly wait for the AWS provider, which polls AWS: with four processes, two processors are idle
# most of the time. A process takes up to 1.7 GB. Groups keep the order of tests/conftest.py, the longest first.
PROCESSES := $(or $(shell awk '/^MemAvailable/ { n = int($$2 / 1700000); print (n < 4 ? 4 : n > 8 ? 8 : n) }' \
	/proc/meminfo 2>/dev/null), 4)
PARALLEL := --numprocesses $(PROCESSES) --dist loadgroup --no-loadscope-reorder

export CHECKPOINT_DISABLE := 1
# If Python is configured to write no bytecode, every process would compile the bindings again.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: demo
demo: demo-tools setup ## Deploy the environment `local` to an embedded local AWS (KEEP=1 leaves it running)
	@$(BIN)/mlinfra demo $(if $(KEEP),--keep)

.PHONY: test
test: ## Run all checks and tests, as CI does
	@# In parallel: installing mostly waits for downloads, and mypy and checkov use one core each.
	@$(MAKE) --no-print-directory --jobs 4 check policy docs compiled-tests
	@$(MAKE) --no-print-directory tests

.PHONY: check
check: setup ## Lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: compiled-tests
compiled-tests: setup
	@# Otherwise each test process would compile all tests, in 10 seconds of processor time. `tests` shows the errors.
	@$(BIN)/pytest --collect-only --quiet >/dev/null || true

.PHONY: tests
tests: setup $(BROWSER_READY) $(CDKTN_READY) $(CHECKOV_READY) $(DOCS_READY) ## Run all tests: unit, snapshot, deploy, conformance, browser
	@# A cause that lets a whole group of tests wait in vain must not take hours.
	$(BIN)/pytest $(PARALLEL) --maxfail 40 -m "not slow"

# Tests of everything that synthesizes, and deploy tests of each kind. The others do not depend on the family.
ON_CDKTN := tests/unit tests/snapshots tests/docs tests/examples tests/test_main.py tests/test_wheel.py \
	$(addprefix tests/deploy/test_,bootstrap.py data_lake.py stacks.py testing_kit.py training_queue.py)

.PHONY: test-cdktn
test-cdktn: setup $(CDKTN_READY) ## Run the tests of what synthesizes and deploys on cdktn, and compare it with cdktf
	$(BIN)/pytest tests/cdktn
	.venv/cdktn/bin/python -m pytest $(PARALLEL) -m "not slow" $(ON_CDKTN)

.PHONY: test-terraform
test-terraform: setup $(TERRAFORM_READY) ## Run deploy tests with Terraform 1.15
	$(BIN)/pytest tests/newer_terraform
	TERRAFORM_BINARY_NAME="$(CURDIR)/.venv/terraform/bin/terraform" MLINFRA_REQUIRE_DEPLOY_TESTS=1 $(BIN)/pytest $(PARALLEL) \
		tests/deploy/test_bootstrap.py tests/deploy/test_data_lake.py tests/deploy/test_review.py \
		tests/deploy/test_stacks.py tests/deploy/test_training_queue.py tests/deploy/test_validation.py

.PHONY: conformance
conformance: setup ## Run all conformance cases, including slow ones, and write their page
	$(BIN)/pytest $(PARALLEL) tests/conformance tests/deploy/test_lustre_cluster.py
	$(BIN)/python -m ci.conformance

.PHONY: fast-tests
fast-tests: setup ## Run the tests that need neither Terraform nor a local AWS
	@# All tests of these folders need them; to collect them takes a second.
	@# Three processes: on two processors, some tests wait for a process or a timeout.
	$(BIN)/pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder \
		--ignore tests/deploy --ignore tests/conformance --ignore tests/browser --ignore tests/unit/local_aws/gaps \
		-m "not deploy and not local_aws and not lengthy"

.PHONY: policy
policy: setup $(CHECKOV_READY) ## Run checkov, rules for roles and the check of AWS's actions on all stacks
	$(BIN)/python -m ci.policy

.PHONY: docs
docs: setup $(DOCS_READY) ## Build the documentation into site/, strictly
	$(BIN)/python -m ci.site docs/reference
	.venv/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going -b html docs site

.PHONY: site-versions
site-versions: setup-python $(DOCS_READY) ## Build the documentation of main and of all releases into site-versions/
	$(BIN)/python -m ci.site.versions site-versions

.PHONY: snapshots
snapshots: setup ## Update the snapshots with the present output
	$(BIN)/pytest tests/snapshots --snapshot-update

.PHONY: browser-tests
browser-tests: setup $(BROWSER_READY) ## Run the tests of the report in a browser
	$(BIN)/pytest --numprocesses 0 tests/browser

.PHONY: bench
bench: setup $(CDKTN_READY) $(CHECKOV_READY) $(CUSTODIAN_READY) ## Measure synthesis, plans, drift, reviews and an audit, beside their stock alternatives
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.plans
	$(BIN)/python -m benchmarks.review
	$(BIN)/python -m benchmarks.audit

.PHONY: replay
replay: setup ## Replay workloads through the functions that stop clusters
	$(BIN)/python -m benchmarks.idle

.PHONY: setup-python
setup-python: $(PYTHON_READY) ## Install into .venv only, for commands that do not synthesize

.PHONY: setup
setup: $(PYTHON_READY) $(NODE_READY) ## Install into .venv and node_modules

.PHONY: demo-tools
demo-tools: python
	@$(PYTHON) -m ci.tools terraform node

.PHONY: tools
tools: python
	@$(PYTHON) -m ci.tools node

.PHONY: python
python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.10 or newer is required and was not found on the PATH." \
		"Get it: https://www.python.org/downloads/" >&2; exit 1; }

$(PYTHON_READY): requirements/dev.txt pyproject.toml | tools
	$(PYTHON) -m venv .venv
	@# The bindings of the AWS provider are thousands of modules: those in use are compiled at their first import.
	$(INSTALL) .venv requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_READY): package-lock.json | tools
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@# cdktf displays its output with a native module, which is distributed compiled for most machines.
	@node -e 'require("@cdktf/node-pty-prebuilt-multiarch")' 2>/dev/null \
		|| npm rebuild --foreground-scripts @cdktf/node-pty-prebuilt-multiarch
	@touch $@

# Tools whose requirements conflict with those of .venv have a virtual environment of their own.
.venv/%/.installed: requirements/%.txt $(PYTHON_READY)
	$(PYTHON) -m venv .venv/$*
	$(INSTALL) .venv/$* requirements/$*.txt
	@touch $@

$(CDKTN_READY): .venv/cdktn/.installed
	@# All other packages are those of .venv, with what is installed there for development.
	@echo "import site; site.addsitedir('$$($(BIN)/python -c '$(PACKAGES)')')" \
		> "$$(.venv/cdktn/bin/python -c '$(PACKAGES)')/shared.pth"
	@# Programs that tests start beside the interpreter.
	@printf '#!%s\nimport sys\n\nfrom mlinfra.cli.main import run\n\nsys.exit(run())\n' \
		"$(CURDIR)/.venv/cdktn/bin/python" > .venv/cdktn/bin/mlinfra
	@chmod +x .venv/cdktn/bin/mlinfra
	@ln -sf "$(CURDIR)/$(BIN)/ruff" "$(CURDIR)/$(BIN)/shellcheck" .venv/cdktn/bin/
	@touch $@

$(TERRAFORM_READY): .venv/terraform/.installed
	@printf '#!/bin/sh\nexec "$(CURDIR)/.venv/terraform/bin/python" "$(CURDIR)/tests/newer_terraform/terraform.py" "$$@"\n' \
		> .venv/terraform/bin/terraform
	@chmod +x .venv/terraform/bin/terraform
	@touch $@

$(BROWSER_READY): requirements/browser.txt $(PYTHON_READY)
	$(INSTALL) .venv requirements/browser.txt
	@touch $@

.PHONY: lock
lock: setup ## Resolve requirements/ again (requires uv)
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet --extra dev pyproject.toml requirements/build.in --output-file requirements/dev.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/checkov.in --output-file requirements/checkov.txt
	uv pip compile --universal --python-version 3.10.2 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/custodian.in --output-file requirements/custodian.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/cdktn.in --output-file requirements/cdktn.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/terraform.in --output-file requirements/terraform.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--constraint requirements/dev.txt --quiet requirements/browser.in --output-file requirements/browser.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/uv.in --output-file requirements/uv.txt
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --upgrade \
		--quiet requirements/docs.in --output-file requirements/docs.txt

.PHONY: clean
clean: ## Remove installed and synthesized files
	rm -rf .venv node_modules cdktf.out docs/reference site site-versions
