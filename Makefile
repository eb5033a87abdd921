# Everything a developer or an operator asks of a clone. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEV_READY := $(VENV)/.dev-ready
RUN_READY := $(VENV)/.run-ready

# A process for each core and one more, because some tests wait for processes of their own; each starts a PostgreSQL, so there
# is a bound.
PARALLEL = -n $(shell $(BIN)/python -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))') --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run setup test killed lint format demo simulate bench docs screenshots lock sbom audit clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Start the app: web and worker, SQLite, embedded points; no configuration needed
	@exec $(BIN)/saleor-points run

setup: $(DEV_READY) ## Make .venv with all that tests and linters need, and nothing else

test: $(DEV_READY) ## Run the tests, on SQLite and on a real PostgreSQL (ARGS="-k refund" to choose)
	$(BIN)/pytest $(PARALLEL) $(ARGS)

killed: $(DEV_READY) ## Kill processes, database and provider under 2,000 orders, and compare the books (ORDERS=500 for fewer)
	KILLED_ORDERS=$(or $(ORDERS),2000) $(BIN)/pytest tests/test_killed -s $(ARGS)

lint: $(DEV_READY) ## Check style, types and that imports point down
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY) ## Put the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: $(DEV_READY) ## Tell the whole story over real HTTP, without a Saleor (KEEP=1 leaves it running)
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

bench: $(DEV_READY) ## Measure speed and cost as ratios, in one table (ARGS="--only intake --database sqlite")
	@$(BIN)/python -m tests.bench $(ARGS)

simulate: $(DEV_READY) ## Play random bad days and check the books (SEEDS=1000, SEED=123, PROVIDER=, DATABASE=postgresql)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),300)) $(if $(FIRST),--first $(FIRST)) \
		--provider $(or $(PROVIDER),both) --database $(or $(DATABASE),sqlite)

docs: $(DEV_READY) ## Write the pages of the documents that are made from the code
	@$(BIN)/python -m tests.test_documents.commands

screenshots: $(DEV_READY) ## Take the pictures of the documents anew (needs Chromium)
	@$(BIN)/python -m tests.screenshots

# The locks pin every package by hash and name no registry.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header pyproject.toml
lock: ## Renew both lock files (needs uv)
	$(LOCK) --upgrade --extra build --extra reporting --output-file requirements.lock
	$(LOCK) --extra build --extra reporting --extra dev --constraint requirements.lock --output-file requirements-dev.lock

	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-strip-extras --upgrade --group audit --output-file requirements-audit.lock

# In an environment of its own: what looks at the dependencies is none of them.
AUDIT := .venv-audit
AUDIT_READY := $(AUDIT)/.ready
$(AUDIT_READY): requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements-audit.lock
	@touch $@

sbom: $(AUDIT_READY) ## Write sbom.cdx.json, the list of all that the app is made of (CycloneDX)
	$(AUDIT)/bin/cyclonedx-py requirements --short-PURLs --output-reproducible --output-format JSON \
		--pyproject pyproject.toml --output-file sbom.cdx.json requirements.lock

audit: $(AUDIT_READY) ## Ask osv.dev for known faults in the locked dependencies
	@$(AUDIT)/bin/pip-audit --strict --vulnerability-service osv --disable-pip --require-hashes --progress-spinner off \
		--requirement requirements.lock 2>$(AUDIT)/errors || { \
		grep -qE 'ConnectionError|could not be audited|Timeout' $(AUDIT)/errors \
			&& { echo "The audit could not reach osv.dev, so nothing was checked."; exit 2; }; \
		cat $(AUDIT)/errors; exit 1; }

clean: ## Remove the environment and the caches, never the data
	rm -rf $(VENV) $(AUDIT) sbom.cdx.json .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
		f"Saleor Points needs Python 3.11 or newer; $(PYTHON) is {sys.version.split()[0]}. Say which to use: make PYTHON=python3.13 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo >&2 "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making $(VENV); this takes about a minute, and only the first time."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# What is used is compiled once, when it is first loaded: compiling all that is installed takes half a minute.
$(RUN_READY): $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): $(RUN_READY) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements-dev.lock
	@touch $@
