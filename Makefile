# The commands of daily work. `make help` lists them.
.DEFAULT_GOAL := help
demo picture: CALLS ?= 120
faults-kill: CALLS ?= 1000
KILLS ?= 100
SEED ?=
KEEP ?=
PYTEST_ARGS ?=
BIN := .venv/bin

.PHONY: help setup run demo test lint format lock picture bench-acd bench-erlang bench-skills bench-fairness faults-kill clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Python environment, Asterisk, phones: whatever is missing
	@lab/setup.sh
	@$(BIN)/hotline-lab setup

run: setup ## the service alone, for real phones (DATABASE_URL, HOTLINE_CONFIG, HOTLINE_ASTERISK)
	@exec $(BIN)/hotline-lab run

demo: setup ## the whole hotline on this machine, with 40 phones and citizens who call
	@exec $(BIN)/hotline-lab demo --calls $(CALLS) $(if $(KEEP),--keep)

test: setup lint ## every test: unit, contract, integration, end to end
	@$(BIN)/pytest $(PYTEST_ARGS)

lint: setup ## format, style, types, layers
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## rewrite the code in the one format
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

picture: setup ## docs/wallboard.png, taken in a real browser while a demo runs
	@exec $(BIN)/hotline-lab demo --calls $(CALLS) --picture docs/wallboard.png

bench-acd: setup ## how fast the router is, against scanning
	@$(BIN)/python -m bench.routing

bench-erlang: setup ## the router against exact queueing theory, by simulation (minutes)
	@$(BIN)/python -m bench.erlang

bench-skills: setup ## how many skills an agent needs, and which agent to choose (minutes)
	@$(BIN)/python -m bench.skills

bench-fairness: setup ## two queues at 9:1 load, against round robin
	@$(BIN)/python -m bench.fairness

faults-kill: setup ## SIGKILL of the service at random moments under load, with a ledger (KILLS, CALLS, SEED)
	@exec $(BIN)/hotline-lab faults-kill --kills $(KILLS) --calls $(CALLS) $(if $(SEED),--seed $(SEED))

lock: ## requirements.lock anew from requirements.in (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command 'make lock' requirements.in -o requirements.lock

clean: ## forget what was set up and what demos left
	rm -rf .venv var
