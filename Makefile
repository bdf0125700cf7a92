# Two commands for a stranger: `make demo` and `make test`. All that is needed is Python 3.11 and make.
#
#   make demo                                  the main job on the embedded local service
#   make demo TRANSCRIPT=file.jsonl            the same with conversations of your own
#   make demo TRANSCRIPT=file.jsonl QUERY="window seat"
#   make test                                  the whole suite
#   make lint, make types, make docs           what CI runs beside it
#   make docs-look                             looks at each page in a browser, at two widths
#   make explore                               all properties with new random draws, 5,000 each
#   make mutants                               100 small changes to the client, and what no test notices
#   make soak                                  100 seeds of the simulation, 10,000 turns each
#   make soak-sockets                          conversations through a fault proxy on real sockets
#   make soak-scripts                          1,000 programs on the facade, interrupted at random
#   make suites                                the tests of the frameworks on our integrations, pinned
#   make suites-newest                         the same, with the newest versions
#   make bench                                 all benchmarks; makes docs/benchmarks.md anew
#   make bench-quick                           what guards against slips, in minutes
#   make clean                                 removes .venv and what was built
#
# Another interpreter: make test PYTHON=python3.12. More arguments for pytest: make test ARGS="-k poller".

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPHINX_OUT := docs/_build/html
EXAMPLES := docs/examples

export TRANSCRIPT QUERY

.PHONY: help demo test explore lint types docs docs-look mutants soak soak-sockets soak-scripts suites suites-newest bench bench-quick clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#  *\(make .*\)/  \1/p' Makefile

demo: $(VENV)/.package
	@$(BIN)/python docs/examples/demo.py $(if $(TRANSCRIPT),--transcript "$$TRANSCRIPT") $(if $(QUERY),--query "$$QUERY")

test: $(VENV)/.group-tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -rfEs $(ARGS)

explore: $(VENV)/.group-tests
	@HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -q -n 2 -m hypothesis --timeout 0 -rfE $(ARGS)

mutants: $(VENV)/.group-mutants
	@$(BIN)/python -m tests.mutants $(ARGS)

soak: $(VENV)/.group-tests
	@$(BIN)/python -m tests.simulation.soak $(ARGS)

soak-sockets: $(VENV)/.group-tests
	@$(BIN)/python -m tests.faults.soak $(ARGS)

soak-scripts: $(VENV)/.group-tests
	@$(BIN)/python -m tests.sync.soak $(ARGS)

suites: $(VENV)/.group-tests
	@$(BIN)/python -m tests.suites $(ARGS)

suites-newest: $(VENV)/.group-tests
	@$(BIN)/python -m tests.suites --newest $(ARGS)

bench: $(VENV)/.group-bench
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/.package
	@$(BIN)/python -m benchmarks --quick $(ARGS)

lint: $(VENV)/.group-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/hadolint $(EXAMPLES)/container/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec $(EXAMPLES)/container/compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(EXAMPLES)/ci/github.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci $(EXAMPLES)/ci/gitlab.yml

types: $(VENV)/.group-typing
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	@# Pyright judges the public types of an installed package, and takes no editable one for that.
	@rm -rf $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/installed .
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=$(CURDIR)/$(VENV)/installed \
		$(BIN)/python tests/typing/completeness.py --pythonpath $(BIN)/python

docs: $(VENV)/.group-docs
	$(BIN)/sphinx-build -W -n -q -b html docs $(SPHINX_OUT)
	@echo "Open $(SPHINX_OUT)/index.html"

docs-look: $(VENV)/.group-look docs
	@$(BIN)/python docs/look.py

clean:
	rm -rf $(VENV) docs/_build build dist

# The stamps: made anew only when pyproject.toml changes.

$(VENV)/.package: pyproject.toml
	@if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  command -v "$(PYTHON)" >/dev/null || { echo "There is no '$(PYTHON)' here; say which: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }; \
	  "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1); say which: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }; \
	  echo "Making $(VENV) with $$("$(PYTHON)" -V 2>&1)."; \
	  rm -rf "$(VENV)"; \
	  "$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu it is in the package python3-venv" >&2; exit 1; }; \
	fi
	@echo "Installing the newest pip into $(VENV)."
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "Installing agentcore-memory-async from this folder, with all that it needs:"
	@$(BIN)/python -c 'import tomllib; print("  " + ", ".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))'
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.group-%: $(VENV)/.package
	@echo "Installing the dependency group '$*' of pyproject.toml into $(VENV):"
	@$(BIN)/python -c 'import sys, tomllib; print("  " + ", ".join(g if isinstance(g, str) else "group " + g["include-group"] for g in tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]]))' $*
	@$(BIN)/python -m pip install --quiet --group $*
	@touch $@
