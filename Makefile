# Every target works as the first command typed in a fresh clone: it makes .venv, installs what it needs
# (the CPU build of PyTorch unless an NVIDIA driver is found), says so, and reuses it the next time.
# Needed beforehand: make, and Python 3.11 or newer; README.md says how it goes without make, on Windows too.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
FILE ?= names
KILLS ?= 500

.PHONY: more test check format bench background reproduce sickbay sickbay-full fuzz attack lines clean help

more: .venv/.runtime
	@$(BIN)/moreish $(FILE)

test: .venv/.dev
	@$(BIN)/python tools/run_tests.py

check: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/pyright --pythonplatform Windows src tools
	@$(BIN)/pyright --pythonplatform Darwin src tools
	@$(BIN)/python tools/lines.py --limit
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_architecture.py

format: .venv/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/.dev
	@$(BIN)/python -m benchmarks

# The background net that is shipped: lists from packages (npm and node are needed), 40 minutes of training on one
# core, then its gates. MOREISH_DATA is the folder with corpora.jsonl and names.txt.
background: .venv/.dev
	@$(BIN)/python -m pip install -q -r tools/background/requirements.txt
	@$(BIN)/python -m tools.background.collect --provenance docs/background_sources.md
	@$(BIN)/python -m tools.background.train

# The lectures' published figures, measured again; stop it with Ctrl-C and it goes on where it was.
reproduce: .venv/.dev
	@$(BIN)/python -m benchmarks.reproduce

# The doctor, on healthy and sick runs: about ten minutes; sickbay-full takes hours.
sickbay: .venv/.dev
	@$(BIN)/python -m benchmarks.sickbay

sickbay-full: .venv/.dev
	@$(BIN)/python -m benchmarks.sickbay --full

# Damaged run folders, odd lists and options, 10,000 of each instead of a few hundred; some hours on two cores.
fuzz: .venv/.dev
	@MOREISH_FUZZ=10000 $(BIN)/python -m pytest -q -p no:cacheprovider --timeout=0 tests/robustness

# Trainings killed at random moments, resumed, and compared byte for byte with undisturbed ones; Linux and macOS.
attack: .venv/.dev
	@$(BIN)/python -m tools.attack --kills $(KILLS)

lines: .venv/.dev
	@$(BIN)/python tools/lines.py

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

help:
	@echo "make more       set up, then make 20 more names (FILE=path for your own list)"
	@echo "make test       set up, then run every test"
	@echo "make check      lint, format, types (for three systems), import rule, line counts"
	@echo "make bench      measure, side by side with what one would use instead"
	@echo "make background  collect lists and train the background net again (an hour)"
	@echo "make reproduce  the lectures' figures, measured again (hours; can be interrupted)"
	@echo "make sickbay    the doctor, measured"
	@echo "make fuzz       damaged runs, odd lists and options, 10,000 of each (hours)"
	@echo "make attack     kill trainings at random moments and compare what is resumed (KILLS=500)"
	@echo "make lines      how long everything is"
	@echo "make clean      remove what make made"

.venv/.runtime: pyproject.toml tools/bootstrap.py
	@test -n "$(PYTHON)" || { echo "moreish needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/bootstrap.py runtime

.venv/.dev: pyproject.toml tools/bootstrap.py
	@test -n "$(PYTHON)" || { echo "moreish needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/bootstrap.py dev
