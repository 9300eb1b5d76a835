# Everything that a contributor does, on a machine with Python >= 3.11, git and make.
# Written for GNU make 3.81 too, the one that macOS ships.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
UV := .tools/uv
MEMBERS := core $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
MEMBER_FILES := $(addsuffix /pyproject.toml,$(MEMBERS))
PYTEST := $(BIN)/python -m pytest
# Most tests wait for servers and processes; those of one file share some, and stay together, in the
# order of tests/conftest.py.
PARALLEL ?= -n 4 --dist loadfile --no-loadscope-reorder
ARGS ?=

# Stamps lie inside the folders that they vouch for: whoever deletes the folder gets it rebuilt.
TOOLS_STAMP := .tools/.stamp
VENV_STAMP := .venv/.stamp-python
REQUIREMENTS_STAMP := .venv/.stamp-requirements
INSTALL_STAMP := .venv/.stamp-workspace

# Each peer of the benchmarks has an environment of its own; the plots' is made when they are drawn.
BENCH_LOCKS := $(wildcard benchmarks/peers/*/requirements.txt) \
	$(if $(findstring --publish,$(ARGS)),benchmarks/plots/requirements.txt)
BENCH_STAMPS := $(patsubst benchmarks/peers/%/requirements.txt,.bench/%/.stamp,$(filter benchmarks/peers/%,$(BENCH_LOCKS))) \
	$(patsubst benchmarks/plots/%,.bench/plots/.stamp,$(filter benchmarks/plots/%,$(BENCH_LOCKS))) \
	benchmarks/peers/bullmq/node_modules/.stamp

# An environment that was moved here with its checkout, or whose Python is gone, is made anew.
ifneq ($(wildcard $(VENV_STAMP)),)
$(shell [ "$$(cat $(VENV_STAMP))" = "$$(pwd -P)" ] && $(BIN)/python -c '' 2>/dev/null || rm -f $(VENV_STAMP))
endif

# The Python of the system is used, never a downloaded one, whatever uv would prefer.
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
# Trust what this system trusts (a company's proxy, say), as pip and git do; uv's own list serves
# where the system has none.
ifneq ($(wildcard /etc/ssl/cert.pem /etc/ssl/certs/*),)
export UV_SYSTEM_CERTS ?= 1
endif
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

# Prints the first Python that is new enough, or says what to do.
find_python = $$( \
	for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
		[ -n "$$candidate" ] || continue; \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		exec "$$candidate" -c 'import sys; print(sys.executable)'; \
	done; \
	echo "No Python >= 3.11 found (looked for PYTHON, python3 and python3.11 to python3.14;" >&2; \
	echo "python3 is $$(python3 --version 2>&1)). Install one, or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1)

# A mirror or a certificate that pip is told to use goes for uv too, which reads neither.
like_pip = \
	index=$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$("$$python" -m pip config get global.index-url 2>/dev/null || true)}}}; \
	[ -z "$$index" ] || export UV_DEFAULT_INDEX="$$index"; \
	cert=$${SSL_CERT_FILE:-$${PIP_CERT:-$$("$$python" -m pip config get global.cert 2>/dev/null || true)}}; \
	[ -z "$$cert" ] || export SSL_CERT_FILE="$$cert"

##@ Run

.PHONY: dev
dev: install ## Start API, workers and the embedded services on 127.0.0.1:8000
	@exec $(BIN)/penstock dev $(ARGS)

.PHONY: bench
bench: install $(BENCH_STAMPS) ## Measure Penstock beside its peers (ARGS="--peers penstock bullmq --rounds 3")
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-listeners
bench-listeners: install ## Follow tasks by thousands at one API process (ARGS="--listeners 2000 --tasks 1")
	$(BIN)/python -m benchmarks.listeners $(ARGS)

##@ Test

.PHONY: test
test: install lint types check ## Run everything that CI runs: lint, types, boundaries, all tests
	$(PYTEST) $(PARALLEL) $(ARGS)

.PHONY: lint
lint: install ## Lint and check the formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: format
format: install ## Repair what lint can repair, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: install ## Check the types
	$(BIN)/mypy

.PHONY: check
check: install ## Check the boundaries between the rooms
	$(BIN)/lint-imports

.PHONY: test-unit test-integration test-acceptance test-migration
test-unit test-integration test-acceptance test-migration: install ## Run the tests of one tier (ARGS="-k name" narrows)
	$(PYTEST) tests/$(@:test-%=%) $(ARGS)

.PHONY: chaos
chaos: install ## Break everything while tasks run (ARGS="--seed 7 --tasks 20000 --faults 200")
	$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: mutants
mutants: install ## Prove that the chaos tests see what is wrong, on copies of the core that are
	$(BIN)/python -m tests.chaos.mutants $(ARGS)

##@ Maintain

.PHONY: install
install: $(INSTALL_STAMP) ## Create .venv with the locked requirements and the workspace, editable

.PHONY: lock
lock: $(TOOLS_STAMP) ## Resolve the dependencies anew and write requirements/*.txt (ARGS=--upgrade)
	@python=$(find_python) || exit 1; $(like_pip); set -ex; \
	$(UV) lock --quiet --python "$$python" $(ARGS); \
	$(UV) export --quiet --frozen $(EXPORT) --all-extras --output-file requirements/dev.txt; \
	$(UV) export --quiet --frozen $(EXPORT) --all-extras --no-extra testing --no-dev --output-file requirements/prod.txt; \
	$(UV) export --quiet --frozen $(EXPORT) --only-group build --output-file requirements/build.txt; \
	$(UV) pip compile --quiet --no-header --generate-hashes --universal --python-version 3.11 \
		$(ARGS) --output-file requirements/uv.txt requirements/uv.in; \
	for folder in benchmarks/peers/*/ benchmarks/plots/; do \
		[ -e "$${folder}requirements.in" ] || continue; \
		$(UV) pip compile --quiet --no-header --generate-hashes --universal --python-version 3.11 \
			$(ARGS) --output-file "$${folder}requirements.txt" "$${folder}requirements.in"; \
	done; \
	cd benchmarks/peers/bullmq; \
	npm install --package-lock-only --omit-lockfile-registry-resolved $(NPM_QUIET)

# No scripts: what the peer needs is in its packages.
NPM_QUIET := --ignore-scripts --no-audit --no-fund --loglevel error

# All extras, so that a key is all that a provider needs.
# Names, versions, markers and hashes: no index, no path of this machine, no workspace member.
EXPORT := --format requirements.txt --all-packages --no-emit-workspace --no-header

.PHONY: docs
docs: install ## Build the site from docs/ into site/, strictly; it needs no network to be read
	$(BIN)/python -m sphinx --quiet --fresh-env --write-all \
		--fail-on-warning --keep-going docs site $(ARGS)
	@echo "site/index.html is there"

.PHONY: changelog
changelog: install ## Show the next release's notes, made from changelog.d/
	$(BIN)/towncrier build --draft --version unreleased

.PHONY: clean
clean: ## Remove what the Makefile made (not the data of `penstock dev`)
	rm -rf .venv .tools .bench site benchmarks/peers/*/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z -]+:.*## / {n = split($$1, names, " "); \
			for (i = 1; i <= n; i++) printf "  make %-18s %s\n", names[i], $$2}' $(MAKEFILE_LIST)

# --- Installation -----------------------------------------------------------------------------

# uv, of the pinned version, wherever this Python can put it: into an environment of its own, or
# (Debian splits `venv` off) into a folder. Nothing outside of the checkout is touched.
$(TOOLS_STAMP): requirements/uv.txt
	@python=$(find_python) || exit 1; rm -rf .tools; set -e; \
	install="-m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt"; \
	if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		"$$python" -m venv .tools; \
		.tools/bin/python $$install; \
		ln -s bin/uv $(UV); \
	elif "$$python" -m pip --version >/dev/null 2>&1; then \
		"$$python" $$install --target .tools/lib; \
		ln -s lib/bin/uv $(UV); \
	else \
		echo "$$python has neither venv (with ensurepip) nor pip, so nothing can be installed." >&2; \
		echo "On Debian and Ubuntu: apt install python3-venv. Or name another: make PYTHON=…" >&2; \
		exit 1; \
	fi; \
	touch $@

$(VENV_STAMP): $(TOOLS_STAMP)
	@python=$(find_python) || exit 1; set -e; \
	$(UV) venv --quiet --clear --python "$$python" .venv; \
	pwd -P >$@

$(REQUIREMENTS_STAMP): $(VENV_STAMP) requirements/dev.txt
	@python=$(find_python) || exit 1; $(like_pip); set -e; \
	echo "Installing the locked requirements (once, and whenever they change) …"; \
	$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt; \
	touch $@

# The builder (hatchling) is among the locked requirements, so nothing unpinned is downloaded.
$(INSTALL_STAMP): $(REQUIREMENTS_STAMP) $(MEMBER_FILES)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index \
		$(addprefix --editable ./,$(MEMBERS))
	@touch $@

# --- The benchmarks' environments ---------------------------------------------------------------

.bench/%/.stamp: benchmarks/peers/%/requirements.txt $(TOOLS_STAMP)
	$(make_bench_environment)

.bench/plots/.stamp: benchmarks/plots/requirements.txt $(TOOLS_STAMP)
	$(make_bench_environment)

make_bench_environment = @python=$(find_python) || exit 1; $(like_pip); set -e; \
	echo "Installing $< …"; \
	$(UV) venv --quiet --clear --python "$$python" $(@D); \
	$(UV) pip sync --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes $<; \
	touch $@

# Without Node there is no BullMQ, and the run says so.
benchmarks/peers/bullmq/node_modules/.stamp: benchmarks/peers/bullmq/package-lock.json
	@command -v npm >/dev/null || { echo "There is no npm: BullMQ will be left out." >&2; exit 0; }; \
	echo "Installing $< …"; \
	cd $(@D)/.. && npm ci $(NPM_QUIET) && touch node_modules/.stamp
