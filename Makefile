# Every target works as the first command typed in a fresh clone: it makes .venv, installs what it needs
# (the CPU build of PyTorch unless an NVIDIA driver is found), says so, and reuses it the next time.
# Needed beforehand: make, and Python 3.11 or newer; README.md says how it goes without make, on Windows too.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
FILE ?= names
KILLS ?= 500

.PHONY: more studio pictures test test-all check format kernels sanitize bench background reproduce sickbay sickbay-full fuzz attack exports wheels oldest sweeps lessons notebooks docs gallery lines clean help

more: .venv/.runtime .venv/.kernels
	@$(BIN)/moreish $(FILE)

# The page of the studio, built where node is to be had, and the studio itself.
studio: .venv/.dev
	@$(BIN)/python tools/page.py
	@$(BIN)/moreish studio

# The pictures of the README, of a real page with a real run.
pictures: .venv/.dev
	@$(BIN)/python tools/page.py
	@$(BIN)/python -m tools.pictures

# Without node, or without a browser, the tests of the page are skipped and say why. Tests that take long are left to
# test-all, and to CI.
test: WHICH :=
test-all: WHICH := --all
test test-all: .venv/.dev
	@-$(BIN)/python tools/page.py
	@-$(BIN)/python tools/page.py test
	@$(BIN)/python tools/browser.py
	@$(BIN)/python tools/run_tests.py $(WHICH)

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

# The compiled kernels, where there is a C++ compiler; without one training goes by torch.
kernels: .venv/.runtime
	@$(BIN)/python src/moreish/fast/build.py

.venv/.kernels: .venv/.runtime src/moreish/fast/build.py $(wildcard src/moreish/fast/kernels/*.cpp src/moreish/fast/kernels/*.hpp)
	@$(BIN)/python src/moreish/fast/build.py
	@touch $@

# The kernels' tests with the address and undefined-behaviour sanitizers.
sanitize: .venv/.dev
	@$(BIN)/python tools/sanitize.py

bench: .venv/.dev .venv/.kernels
	@$(BIN)/python -m benchmarks

# The background net that is shipped: lists from packages (npm and node are needed), 160 minutes of training on one
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

# The wheel and the source package in empty environments; oldest: with the oldest packages that are allowed.
wheels: .venv/.dev
	@$(BIN)/python tools/wheels.py
	@$(BIN)/python tools/wheels.py --light

oldest: .venv/.dev
	@$(BIN)/python tools/wheels.py --oldest

# 60 trials shared by two processes, one of which is killed.
sweeps: .venv/.dev
	@MOREISH_LONG=1 $(BIN)/python -m pytest -q -o timeout=1800 tests/sweeps

# Every family of networks through ONNX, which takes a minute or two.
exports: .venv/.dev
	@MOREISH_LONG=1 $(BIN)/python -m pytest -q tests/export
# The twelve lessons whole, each as a reader runs it; names.txt is fetched first. Half an hour on two cores.
lessons: .venv/.dev
	@$(BIN)/python -m tools.lessons

# Two notebooks in JupyterLab and in marimo, driven in a real browser; pictures in build/notebooks.
notebooks: .venv/.dev
	@$(BIN)/python tools/page.py
	@$(BIN)/python -m pip install -q jupyterlab marimo
	@$(BIN)/python -m tools.notebooks

# The documentation as a site, in docs/_build; every warning is an error.
docs: .venv/.dev
	@$(BIN)/python -m pip install -q -e '.[docs]'
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build

gallery: .venv/.dev
	@$(BIN)/python -m tools.gallery

# Damaged run folders, odd lists and options, 10,000 of each instead of a few hundred; some hours on two cores.
fuzz: .venv/.dev
	@$(BIN)/python -m tests.attacks.fuzz 10000
	@MOREISH_FUZZ=10000 $(BIN)/python -m pytest -q -p no:cacheprovider --timeout=0 tests/studio/test_fuzz.py
	@MOREISH_FUZZ=1 $(BIN)/python -m pytest -q -p no:cacheprovider --timeout=0 tests/attacks/test_run_folders.py

# Trainings killed at random moments, resumed, and compared byte for byte with undisturbed ones; Linux and macOS.
attack: .venv/.dev
	@$(BIN)/python -m tools.attack --kills $(KILLS)

lines: .venv/.dev
	@$(BIN)/python tools/lines.py

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

help:
	@echo "make more       set up, then make 20 more names (FILE=path for your own list)"
	@echo "make studio     set up, build the page, open the studio"
	@echo "make test       set up, then run the tests, but for the slow ones (ten minutes on two cores)"
	@echo "make test-all   set up, then run every test, as CI does"
	@echo "make check      lint, format, types (for three systems), import rule, line counts"
	@echo "make kernels    compile the fast training steps (done by the others where there is a compiler)"
	@echo "make sanitize   the kernels' tests with address and undefined-behaviour sanitizers"
	@echo "make bench      measure, side by side with what one would use instead"
	@echo "make background  collect lists and train the background net again (three hours)"
	@echo "make reproduce  the lectures' figures, measured again (hours; can be interrupted)"
	@echo "make sickbay    the doctor, measured"
	@echo "make exports    every network through ONNX, compared with torch"
	@echo "make lessons    the twelve lessons, executed whole"
	@echo "make notebooks  a lesson and a watched run in JupyterLab and marimo"
	@echo "make docs       the documentation as a site, in docs/_build"
	@echo "make gallery    what moreish makes from twelve lists"
	@echo "make sweeps     two processes on one study, one killed in the middle"
	@echo "make wheels     wheel and source package in empty environments (make oldest: oldest packages allowed)"
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
