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
# The tests start the tools hundreds of times: compile each module once, also where the environment forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list the targets
	@echo "Lamplighter: install smart lampposts and watch their telemetry."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo
	@echo "Start with: make demo"

$(READY): pyproject.toml host_tools/locked.txt .ci/environment
	@PYTHON=$(PYTHON) .ci/environment $(VENV)
	@touch $@

demo: $(READY)  ## run three virtual lampposts on recorded series, live on the screen (DEMO_SECONDS=30 ends after 30 s)
	@$(BIN)/lamplighter demo

test: $(READY)  ## run all tests (installs Mosquitto with apt if it is missing)
	@.ci/broker
	@.ci/database
	@.ci/generators
	@$(BIN)/python -m pytest -n 6 --dist loadfile

hil: $(READY)  ## run the suite on three virtual boards at once, or on a cable: NODE=PORT [BROKER=HOST:PORT SSID=...]; reports in build/hil.*
	@.ci/broker
	@mkdir -p build
	@$(BIN)/python -m pytest --pyargs lamplighter.acceptance $(HIL) --deselect $(HIL)/test_a_day.py -q --bench-report build/hil.html \
	  --bench-json build/hil.json --junitxml build/hil.xml \
	  $(if $(NODE),--node $(NODE) --board $(BOARD) $(addprefix --broker ,$(BROKER)) $(addprefix --ssid ,$(SSID)),--bench $(BENCH))

units: $(READY)  ## run the unit tests on the board at NODE=PORT, by its own MicroPython; report in build/units.xml
	@mkdir -p build
	@$(BIN)/python -m pytest -q tests/virtual/test_units_on_a_board.py --node $(or $(NODE),virtual) --junitxml build/units.xml

check: $(READY)  ## check style, types and the one-way import rule
	@$(BIN)/python tests/check.py

bench: $(READY)  ## measure MQTT, flash, boot and memory, as ratios to the physical limit in the same run
	@.ci/broker
	@.ci/database
	@.ci/micropython-32
	@$(BIN)/python tests/bench/run.py

interop: $(READY)  ## run the link against Mosquitto, NATS, RabbitMQ, amqtt and iotcore; update the table of docs/integrate/brokers.md
	@.ci/broker
	@.ci/other-brokers
	@$(BIN)/python tests/interop/matrix.py

powercut: $(READY)  ## cut the power at every flash operation of a scripted day, and kill virtual lampposts 500 times
	@.ci/broker
	@$(BIN)/python tests/powercut/run.py

soak: $(READY)  ## simulate seven nights in fast time: cuts, a broker outage, broker restarts, clock steps (10 minutes; SOAK_NIGHTS=30: 40)
	@.ci/broker
	@$(BIN)/python tests/soak/run.py

air: $(READY)  ## compare six months of the node's air sensing with an analyser; update the tables of docs/reference/air.md
	@$(BIN)/python tests/air/run.py

day: $(READY)  ## simulate 24 hours with six parts that fail at random; check every window and reason (10 minutes)
	@.ci/broker
	@LAMPLIGHTER_DAY_HOURS=24 $(BIN)/python -m pytest -q tests/hil/test_faulty_day.py tests/hil/test_a_day.py \
	  tests/virtual/test_virtual_time.py tests/virtual/test_virtual_chip.py

web-test: $(READY)  ## show 2,000 lampposts at 200 messages/s in a real browser: ms to the pixel, memory (WEB_TEST="--minutes 60")
	@.ci/broker
	@$(BIN)/python tests/web/run.py $(WEB_TEST)

web-browsers: $(READY)  ## show what 1, 10 and 100 browsers cost the page of a street; all share one subscription (3 minutes)
	@.ci/broker
	@$(BIN)/python tests/web/many_browsers.py $(WEB_BROWSERS)

home-assistant: $(READY)  ## show lampposts to a real Home Assistant core, with the bridge (installs the core once, with Python 3.13: 820 MB)
	@.ci/broker
	@PYTHON_3_13=$(PYTHON_3_13) .ci/home-assistant
	@LAMPLIGHTER_HASS=.cache/home-assistant/venv/bin/hass $(BIN)/python -m pytest -q tests/home_assistant
	@echo "the core's log: build/home-assistant.log"

home-assistant-picture: $(READY)  ## draw the picture of docs/integrate/home-assistant.md anew, by that core and a Chromium
	@.ci/broker
	@PYTHON_3_13=$(PYTHON_3_13) .ci/home-assistant
	@LAMPLIGHTER_HASS=.cache/home-assistant/venv/bin/hass $(BIN)/python docs/home_assistant_picture.py

fuzz: $(READY)  ## feed spoiled packets, flash blocks, documents and frames to everything that reads them
	@$(BIN)/python tests/fuzz/run.py

parking: $(READY)  ## run hundreds of hard bay-days through the node's parking code and a plain threshold (10 minutes)
	@$(BIN)/python tests/parking/run.py --page

nights: $(READY)  ## ten virtual years of nights of the lamp, dark and day-burning minutes; power cuts in its night (5 minutes)
	@.ci/broker
	@$(BIN)/python tests/lamp/control_nights.py
	@$(BIN)/python tests/lamp/cuts.py

crashes: $(READY)  ## kill store, broker and database 200 times under load and count what is lost or there twice (CRASHES="--kills 50" changes it)
	@.ci/broker
	@.ci/database
	@$(BIN)/python tests/interop/store_crashes.py $(CRASHES)

timescale: $(READY)  ## run the store on TimescaleDB, in a WebAssembly build of PostgreSQL that Node.js runs (1 minute)
	@.ci/timescale
	@$(BIN)/python -m pytest -q tests/interop/test_timescale.py

dusk: $(READY)  ## power on 2,000 simulated lampposts in one second and restart the broker meanwhile (DUSK="--nodes 500" changes it)
	@.ci/broker
	@$(BIN)/python tests/bench/dusk.py $(DUSK)

rollout: $(READY)  ## bring a release to 1,000 simulated lampposts, dawns and failures included, and a bad one (ROLLOUT="--nodes 200" changes it)
	@.ci/broker
	@$(BIN)/python tests/rollout/run.py $(ROLLOUT)

plug: $(READY)  ## build, sign, serve and roll out a release to 20 virtual lampposts, one of which loses its plug (5 minutes)
	@.ci/broker
	@$(BIN)/python tests/rollout/twenty.py

diagnosis: $(READY)  ## play thousands of lamp-nights: false alarms, missed faults, load of the DALI bus (DIAGNOSIS="--healthy 200" changes it)
	@$(BIN)/python tests/diagnosis/run.py $(DIAGNOSIS)

commission: $(READY)  ## run every way a commissioning can end, and unplug 30 lampposts at a random moment of it (10 minutes)
	@.ci/broker
	@$(BIN)/python -m pytest tests/host/commission_at_length.py
	@$(BIN)/python tests/bench/unplugged.py

image: $(READY)  ## build the flash images of all boards whose MicroPython image was found
	@$(BIN)/lamplighter image --all

wheel: $(READY)  ## build wheel and sdist into dist/, install the wheel in an empty environment and use it there (3 minutes; WHEEL=--no-pipx)
	@.ci/broker
	@$(BIN)/python tests/wheel/run.py $(WHEEL)

examples: $(READY)  ## record the contract's example of every message anew, from a virtual lamppost
	@.ci/broker
	@$(BIN)/python docs/record_examples.py

pictures: $(READY)  ## draw the pictures of README.md and docs/field anew, from the demo and a virtual lamppost (2 minutes)
	@$(BIN)/python docs/pictures.py
	@$(BIN)/python docs/web_pictures.py

docs: $(READY) $(VENV)/.docs  ## update generated pages and pictures, and build the site with search in build/site
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/site.py

$(VENV)/.docs: $(READY)
	@.ci/packages $(VENV) docs
	@touch $@

clean:  ## delete what was built, but not the image cache
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: $(shell sed -nE 's/^([a-z-]+):.*## .*/\1/p' $(MAKEFILE_LIST))
