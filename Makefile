# Everything that is done often. `make` alone lists it. On a machine with nothing but Python 3.11 or
# newer, `make up` is enough; a second run finds what the first one made.

.DEFAULT_GOAL := help
SHELL := /bin/sh

UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin

# The first Python on the path that is new enough; `make up PYTHON=/path/to/python3` names another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$python" && break; done)

export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON_PREFERENCE := only-system
unexport VIRTUAL_ENV
# Each of the many processes that `up` and tests start would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# What `up` needs: it serves, builds, commands and shows the site. Tests need more.
UP := --extra serve --extra build --extra cli --extra site --group recipes
SYNC := $(UV) sync --locked --inexact --compile-bytecode --python "$(PYTHON)"

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name what; \
		do printf '  make %-9s %s\n' "$$name" "$$what"; done

.PHONY: setup
setup: .venv/.up ## Install what `up` needs, into .venv

.PHONY: up
up: .venv/.up ## Build what is missing, then serve API and site: make up ARGS="--api-port 9001"
	@exec $(BIN)/dasier up $(ARGS)

# One more than two cores: many tests wait for a container, a browser or a clock.
WORKERS ?= 3

.PHONY: test
test: .venv/.dev ## Run the tests: make test ARGS="tests/local"
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: coverage
coverage: .venv/.dev ## Branch coverage of dasier/ and functions/ by all tests: fails under 95 %
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n $(WORKERS) --dist loadgroup $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=95

.PHONY: check
check: .venv/.dev ## Lint, formatting, types, import rules: offline, and what CI runs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fmt
fmt: .venv/.dev ## Format, and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: image
image: ## Build the image of the functions and the Docker server; print its size
	@"$(PYTHON)" docker/image.py

.PHONY: cloud
cloud: .venv/.up ## Run the offline cloud: LocalStack, the image, gateway and site, under Docker Compose
	@exec $(BIN)/python docker/cloud.py

.PHONY: package
package: $(UV) ## Build the wheel and the source archive, into dist/
	$(UV) build --python "$(PYTHON)"

.PHONY: stack
stack: .envs/sam/.made ## The functions on AWS, by SAM: make stack ARGS=prod
	@.envs/sam/bin/python -m deployment.stack $(ARGS)

.PHONY: smoke
smoke: .venv/.dev ## Ask every model of a stack for a prediction: make smoke ARGS=dasier-prod
	@$(BIN)/python -m deployment.smoke $(ARGS)

.PHONY: site
site: .envs/zappa/.made ## The site on AWS, by Zappa: make site ARGS="deploy prod"
	@.envs/zappa/bin/python -m deployment.site $(ARGS)

.PHONY: bench
bench: .venv/.dev ## Measure everything, into one table: make bench ARGS=quick
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: lock
lock: $(UV) ## Resolve the dependencies again, into uv.lock
	$(UV) lock --upgrade --python "$(PYTHON)"

.PHONY: clean
clean: ## Remove what was made here; the models in .dasier stay
	rm -rf .venv .tools .envs build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the above stand on ---------------------------------------------------------------------

$(UV):
	@[ -n "$(PYTHON)" ] || { echo "DASIER needs Python 3.11 or newer: install it, or name it with PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -m venv .tools || { echo "Python has no venv module: on Debian, apt install python3-venv" >&2; exit 1; }
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# SAM and Zappa hold credentials, and go with no library of the project's: environments of their own, locked as well.
.envs/sam/.made: deployment/sam.txt | $(UV)
	$(UV) venv --quiet --clear --python "$(PYTHON)" .envs/sam
	$(UV) pip install --quiet --require-hashes --python .envs/sam/bin/python --requirement deployment/sam.txt
	@touch $@

.envs/zappa/.made: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.envs/zappa $(UV) sync --locked --only-group zappa --compile-bytecode --python "$(PYTHON)"
	@touch $@

.venv/.up: pyproject.toml uv.lock | $(UV)
	$(SYNC) $(UP)
	@touch $@

.venv/.dev: pyproject.toml uv.lock | $(UV)
	$(SYNC) --all-extras --group recipes --group dev
	@touch .venv/.up $@
