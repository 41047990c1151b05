# `make` alone lists what there is. PORT=, DATA_DIR= and PYTHON= may be given to any of it.

.DEFAULT_GOAL := help
.PHONY: help run test test-diffusion run-diffusion check static coverage faults mutate upgrade containers bench bench-engine simulate rights payments payments-live format lock clean restore-drill
.DELETE_ON_ERROR:

BIN := .venv/bin
UV = $(shell command -v uv || echo $(BIN)/uv)
LOCK := pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url
# torch's builds exist for one system at a time.
COMPILE_DIFFUSION := $(filter-out --universal,$(LOCK)) --extra worker \
	--constraint requirements/worker.txt --python-platform x86_64-manylinux_2_28 \
	--no-emit-find-links
# The environment of the engine's tests: 1.3 GB, so all checkouts of one lock share it. On a machine
# with a GPU, DIFFUSION_LOCK=worker-diffusion-cuda.txt has torch for CUDA.
DIFFUSION_LOCK ?= worker-diffusion.txt
DIFFUSION ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/style-license/diffusion-$(shell \
	cksum < requirements/$(DIFFUSION_LOCK) | cut -d ' ' -f 1)
# In the order of tests/schedule.py: what takes longest starts first, short modules fill up.
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/installed-run ## start everything on this machine, with demo artists: one address to open
	@exec $(BIN)/python manage.py dev

test: static ## every check and test, stopping at the first that fails
	@echo "== Tests: pytest"
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

test-diffusion: $(DIFFUSION)/installed .venv/installed-dev ## the tests of the engine for GPUs, here on a CPU and without network
	@echo "== Tests of the engine diffusion: pytest, in $(DIFFUSION)"
	@$(DIFFUSION)/bin/python -m pytest -q worker/engines/diffusion
	@echo "== The whole system with a worker of that engine: pytest, in .venv"
	@DIFFUSION_PYTHON=$(DIFFUSION)/bin/python $(BIN)/python -m pytest -q tests/diffusion_system.py

run-diffusion: $(DIFFUSION)/installed .venv/installed-run ## make run, with the engine diffusion on this CPU, to try it: docs/gpu.md
	@test -d "$(or $(DATA_DIR),.data)/models/sd1" || $(DIFFUSION)/bin/python \
		-m worker.engines.diffusion.tests.tiny "$(or $(DATA_DIR),.data)/models"
	@ENGINES=stylenet,diffusion DIFFUSION_PYTHON=$(DIFFUSION)/bin/python DIFFUSION_DEVICE=cpu \
		DIFFUSION_MODEL="$(abspath $(or $(DATA_DIR),.data))/models/sd1" exec $(BIN)/python manage.py dev

check: static ## the checks and the quick tests, to run by hand after a change
	@echo "== Quick tests: pytest -m 'not slow'"
	@$(BIN)/python -m pytest -q -m "not slow" $(PYTEST_ARGS)

static: .venv/installed-dev ## the checks that run no test: format, lint, types, layers, migrations
	@echo "== Format: ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "== Lint: ruff check"
	@# Where an import belongs depends on other files, which ruff's cache doesn't watch.
	@$(BIN)/ruff check --no-cache .
	@echo "== Types: mypy"
	@DJANGO_ENV=development $(BIN)/mypy .
	@DJANGO_ENV=development $(BIN)/mypy examples/worker.py
	@echo "== Layers: lint-imports"
	@$(BIN)/lint-imports
	@echo "== Migrations: makemigrations --check"
	@folder=$$(mktemp -d) && chmod 711 "$$folder" && trap 'rm -rf "$$folder"' EXIT && \
		DATA_DIR="$$folder" DJANGO_ENV=development $(BIN)/python manage.py makemigrations --check --dry-run

coverage: .venv/installed-dev ## run all tests and count lines: app/ at least 95 %, its services 100 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='app/*' --skip-covered --fail-under=95
	@$(BIN)/coverage report --include='app/services/*' --show-missing --skip-covered --fail-under=100

faults: .venv/installed-dev ## hurt everything there is, on real servers (SEED=, ROWS=Q4,M6)
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(ROWS),--only $(ROWS))

mutate: .venv/installed-dev ## break each promise in a copy: some test must notice (ONLY=session-age,…)
	@$(BIN)/python -m tests.mutate $(if $(ONLY),--only $(ONLY))

upgrade: .venv/installed-dev ## migrate a database of the version FROM= while both versions run
	@$(BIN)/python -m tests.upgrade --from $(FROM)

containers: .venv/installed-dev ## build all images, run the compose files as people deploy them (ONLY=one-machine)
	@$(BIN)/python -m tests.containers $(if $(ONLY),--only $(ONLY))

bench: .venv/installed-dev .venv/installed-bench ## measure and write docs/performance.md (BENCH_ARGS=)
	@$(BIN)/python -m pytest -q benchmarks/tests
	@$(BIN)/python -m benchmarks.report $(BENCH_ARGS)

bench-engine: $(DIFFUSION)/installed ## measure the engine for GPUs and write docs/engine-performance.md
	@$(DIFFUSION)/bin/python -m benchmarks.engine $(BENCH_ARGS)

simulate: .venv/installed-dev ## simulate the queue: who waits for how long (SEED=; DRAW=FILE needs make bench's packages)
	@$(BIN)/python -m benchmarks.turns $(if $(SEED),--seed $(SEED)) $(if $(DRAW),--draw $(DRAW))

rights: .venv/installed-dev ## how often a changed picture is found again (OWN=1000 FOREIGN=200 FOLDERS= FOLDER=)
	@$(BIN)/python -m pytest -q app/tests/licences/every_byte.py
	@$(BIN)/python -m benchmarks.rights --own $(or $(OWN),1000) --foreign $(or $(FOREIGN),200) \
		$(if $(FOLDERS),--folders $(FOLDERS)) $(if $(FOLDER),--folder $(FOLDER))

payments: .venv/installed-dev ## tell of six events of a purchase in each of 720 orders, one of them twice
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 app/tests/payments/every_order.py

payments-live: .venv/installed-dev ## hold Stripe to our contract: its test mode, with STRIPE_SECRET_KEY= (docs/payments.md)
	@$(BIN)/python -m app.tests.payments.live

format: .venv/installed-dev ## rewrite the code in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/bin/python ## compile requirements/*.txt from pyproject.toml
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet uv
	$(UV) $(LOCK) --extra backend -o requirements/backend.txt
	$(UV) $(LOCK) --extra worker -o requirements/worker.txt
	$(UV) $(LOCK) --extra files -o requirements/files.txt
	$(UV) $(LOCK) --extra backend --extra worker --extra embedded -o requirements/run.txt
	$(UV) $(LOCK) --extra backend --extra worker --extra embedded --extra test -o requirements/dev.txt
	$(UV) $(LOCK) --extra backend --extra worker --extra embedded --extra bench \
		--constraint requirements/dev.txt -o requirements/bench.txt
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(UV) $(COMPILE_DIFFUSION) requirements/worker-diffusion.in \
		-o requirements/worker-diffusion.txt
	$(UV) $(COMPILE_DIFFUSION) requirements/worker-diffusion-cuda.in \
		-o requirements/worker-diffusion-cuda.txt

restore-drill: .venv/installed-run ## back up the database, restore it elsewhere, audit it there
	@$(BIN)/python manage.py restore_drill

clean: ## stop a server left behind and delete all data of `make run` (asks; YES=1 does not)
	@if [ "$(YES)" != 1 ]; then \
		printf 'Delete the database and all files in %s? [y/N] ' "$${DATA_DIR:-.data}"; \
		read -r answer || answer=; \
		[ "$$answer" = y ] || { echo "Nothing deleted."; exit 1; }; \
	fi
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m devtools.servers.clean; fi
	@rm -rf .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- The environment ------------------------------------------------------------------------------

# PYTHON names the interpreter; otherwise the first of these that is new enough.
.venv/bin/python:
	@for python in $(or $(PYTHON),python3.11 python3); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Style License needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11." >&2; \
		exit 1; \
	fi; \
	echo "Creating .venv with $$("$$python" --version)."; \
	if "$$python" -c 'import ensurepip' 2>/dev/null; then \
		"$$python" -m venv .venv; \
	else \
		"$$python" -m venv --without-pip .venv && \
		"$$python" -m pip --python .venv/bin/python install --quiet pip; \
	fi || { \
		rm -rf .venv; \
		echo "Python can't create an environment; install its venv module (apt-get install python3-venv)." >&2; \
		exit 1; \
	}

# uv reads other settings than pip does, so it may fail where pip succeeds.
.venv/installed-%: requirements/%.txt | .venv/bin/python
	@echo "Installing $<."
	@if command -v uv >/dev/null && \
		uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $< 2>/dev/null; \
	then :; else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<; \
	fi
	@touch $@

$(DIFFUSION)/installed: | .venv/bin/python # its name says which lock it was made from
	@echo "Installing requirements/$(DIFFUSION_LOCK) into $(DIFFUSION)."
	@rm -rf "$(DIFFUSION)"
	@$(BIN)/python -m venv --without-pip "$(DIFFUSION)"
	@$(BIN)/python -m pip --python "$(DIFFUSION)/bin/python" install --quiet --disable-pip-version-check \
		--no-deps --require-hashes -r requirements/$(DIFFUSION_LOCK)
	@touch $@
