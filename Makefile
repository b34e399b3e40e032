# The commands of daily work. `make help` lists them.
.DEFAULT_GOAL := help
demo picture: CALLS ?= 120
faults-kill: CALLS ?= 1000
KILLS ?= 100
SEED ?=
KEEP ?=
OFFERS ?= 1000
HOURS ?= 1
MINUTES ?=
PYTEST_ARGS ?=
BIN := .venv/bin

.PHONY: help setup run demo test lint format lock picture cover-acd prove-acd mutation-acd \
  bench-acd bench-erlang bench-skills bench-fairness bench-phones bench-offer bench-capacity soak faults-kill clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Python environment, Asterisk, phones: whatever is missing
	@lab/setup.sh
	@$(BIN)/hotline-lab setup

run: setup ## the service alone, for real phones (DATABASE_URL, HOTLINE_CONFIG, HOTLINE_ASTERISK)
	@exec $(BIN)/hotline-lab run

demo: setup ## the whole hotline on this machine, with 40 phones and citizens who call
	@exec $(BIN)/hotline-lab demo --calls $(CALLS) $(if $(KEEP),--keep)

test: setup lint cover-acd ## every test: unit, contract, integration, end to end
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

cover-acd: setup ## every branch of the router is run by its own tests, or this fails
	@ACD_EFFORT=0.1 $(BIN)/pytest -q tests/unit/acd --hypothesis-profile=repeatable \
	  --cov=acd --cov-branch --cov-report=term --cov-fail-under=100

prove-acd: setup ## the router's rules over 100,000 random states and long random days (minutes)
	@ACD_EFFORT=25 $(BIN)/pytest -q --timeout=0 --durations=3 tests/unit/acd/test_oracle.py
	@ACD_EFFORT=5 $(BIN)/pytest -q --timeout=0 --durations=3 tests/unit/acd/test_router_properties.py

mutation-acd: setup ## changes each line of the router and sees whether its tests notice (half an hour to an hour)
	@rm -f mutants/mutmut-stats.json # which tests reach what: a function may be new
	@ACD_EFFORT=0.1 nice -n 19 $(BIN)/mutmut run --max-children 2
	@$(BIN)/python -m bench.mutation

bench-acd: setup ## how fast the router is, against scanning
	@$(BIN)/python -m bench.routing

bench-erlang: setup ## the router against exact queueing theory, by simulation (minutes)
	@$(BIN)/python -m bench.erlang

bench-skills: setup ## how many skills an agent needs, and which agent to choose (minutes)
	@$(BIN)/python -m bench.skills

bench-fairness: setup ## two queues at 9:1 load, against round robin
	@$(BIN)/python -m bench.fairness

bench-phones: setup ## how fast an agent is out whose phone dies (a minute)
	@$(BIN)/python -m bench.phones

faults-kill: setup ## SIGKILL of the service at random moments under load, with a ledger (KILLS, CALLS, SEED)
	@exec $(BIN)/hotline-lab faults-kill --kills $(KILLS) --calls $(CALLS) $(if $(SEED),--seed $(SEED))

bench-offer: setup ## how soon a free agent is offered a caller, against Asterisk's Queue() (10 minutes)
	@$(BIN)/python -m bench.offer --offers $(OFFERS)

bench-capacity: setup ## how many calls are carried, by Asterisk alone and with us (20 minutes)
	@$(BIN)/python -m bench.capacity

soak: setup ## half of that capacity for HOURS (or MINUTES): memory, logs, ledgers
	@$(BIN)/python -m bench.soak --minutes $(if $(MINUTES),$(MINUTES),$$(( $(HOURS) * 60 )))

lock: ## requirements.lock anew from requirements.in (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command 'make lock' requirements.in -o requirements.lock

clean: ## forget what was set up and what demos left
	rm -rf .venv var
