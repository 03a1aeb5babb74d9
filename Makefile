# Lamplighter: every target makes its own environment (.venv); nothing to prepare on Debian, Ubuntu or macOS.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
HIL ?= tests/hil
BOARD ?= lamppost-esp32
BENCH ?= tests/hil/virtual.toml

help:  ## what there is
	@echo "Lamplighter: firmware for smart lampposts, and the tools that bring it to the street."
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo
	@echo "Start with: make demo"

$(READY): pyproject.toml host_tools/locked.txt .ci/environment
	@PYTHON=$(PYTHON) .ci/environment $(VENV)
	@touch $@

demo: $(READY)  ## three virtual lampposts on real recorded series, live on the screen (DEMO_SECONDS=30 ends by itself)
	@$(BIN)/lamplighter demo

test: $(READY)  ## all tests (installs Mosquitto where it is missing and apt can)
	@.ci/broker
	@.ci/generators
	@# real processes in real time: on a machine that others use a test may miss its moment once, and is told as RERUN
	@$(BIN)/python -m pytest -n 3 --dist loadfile --reruns 1 -raR

hil: $(READY)  ## the suite on three virtual boards at once; NODE=PORT [BROKER=HOST:PORT SSID=...] on a cable; reports in build/hil.*
	@.ci/broker
	@mkdir -p build
	@$(BIN)/python -m pytest --pyargs lamplighter.acceptance $(HIL) --deselect $(HIL)/test_a_day.py -q --bench-report build/hil.html \
	  --bench-json build/hil.json --junitxml build/hil.xml \
	  $(if $(NODE),--node $(NODE) --board $(BOARD) $(addprefix --broker ,$(BROKER)) $(addprefix --ssid ,$(SSID)),--bench $(BENCH))

check: $(READY)  ## ruff, pyright, the one-way import rule
	@$(BIN)/python tests/check.py

bench: $(READY)  ## measure: MQTT, flash, boot, memory, as ratios to the physical limit in the same run
	@.ci/broker
	@$(BIN)/python tests/bench/run.py

interop: $(READY)  ## the link against Mosquitto, NATS, RabbitMQ, amqtt, iotcore; writes the table of docs/integrate/brokers.md
	@.ci/broker
	@.ci/other-brokers
	@$(BIN)/python tests/interop/matrix.py

powercut: $(READY)  ## cut the power at every flash operation of a scripted day, and kill virtual lampposts 500 times
	@.ci/broker
	@$(BIN)/python tests/powercut/run.py

soak: $(READY)  ## seven nights in fast time: cuts, a broker outage, broker restarts, clock steps (10 minutes; SOAK_NIGHTS=30: 40)
	@.ci/broker
	@$(BIN)/python tests/soak/run.py

air: $(READY)  ## the node's air sensing over six months beside an analyser; writes the tables of docs/reference/air.md
	@$(BIN)/python tests/air/run.py

day: $(READY)  ## 24 hours of virtual time with six parts that fail at random: every window, every reason (10 minutes)
	@.ci/broker
	@LAMPLIGHTER_DAY_HOURS=24 $(BIN)/python -m pytest -q tests/hil/test_faulty_day.py

fuzz: $(READY)  ## two million spoiled packets, flash blocks and documents, a million frames of the parts, and 600,000 spoiled files and options of the tool, into all that reads them
	@$(BIN)/python tests/fuzz/run.py

parking: $(READY)  ## hundreds of hard bay-days through the node's parking code, beside a plain threshold (10 minutes)
	@$(BIN)/python tests/parking/run.py --page

dusk: $(READY)  ## 2,000 simulated lampposts get their power in one second, the broker restarts meanwhile (DUSK="--nodes 500" changes it)
	@.ci/broker
	@$(BIN)/python tests/bench/dusk.py $(DUSK)

commission: $(READY)  ## every way a commissioning can go, and 30 lampposts unplugged at a random moment of it (10 minutes)
	@.ci/broker
	@$(BIN)/python -m pytest tests/host/commission_at_length.py
	@$(BIN)/python tests/bench/unplugged.py

image: $(READY)  ## build the flash images of all boards whose MicroPython image is at hand
	@$(BIN)/lamplighter image --all

examples: $(READY)  ## record the contract's example of every message anew, from a virtual lamppost
	@.ci/broker
	@$(BIN)/python docs/record_examples.py

docs: $(READY) $(VENV)/.docs  ## bring generated pages and pictures up to date, and build the site with search in build/site
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/site.py

$(VENV)/.examples: $(READY)  ## record the contract's example of every message anew, from a virtual lamppost
	@.ci/broker
	@$(BIN)/python docs/record_examples.py

docs: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c host_tools/locked.txt -e '.[docs]' \
	  2> >(grep -v "is ignored: it is neither" >&2)
	@touch $@

clean:  ## remove what was built (not the image cache)
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: $(shell sed -nE 's/^([a-z]+):.*## .*/\1/p' $(MAKEFILE_LIST))
