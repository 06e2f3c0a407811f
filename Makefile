# make train            set up, then train on the built-in horses
# make train ARGS="…"   with overrides, such as ARGS="data=cifar10 model=cnn trainer.max_epochs=25"
# make test             set up, then the whole test suite
# make torture          set up, then what docs/reliability.md promises, tried at length (an hour or two); ARGS="kills": a part
# make lint             set up, then style and types

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

.PHONY: train test torture lint figures
.DEFAULT_GOAL := train

train: $(VENV)/.installed
	$(VENV)/bin/colourize-train $(if $(filter data=% experiment=% data.root=% data.category=%,$(ARGS)),,data=synthetic) $(ARGS)

# One thread a test process: several on one core only wait for each other.
test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n auto $(ARGS)

# Goes on where it was stopped; ARGS="--quick" tries a few of each.
torture: $(VENV)/.installed
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(VENV)/bin/python -m torture $(ARGS)

lint: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The pictures of the README and the guides, from trainings on the built-in horses (needs Chromium for the screenshot).
figures: $(VENV)/.installed
	$(VENV)/bin/python docs/readme_figures.py

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		{ echo "error: $(PYTHON) is not Python 3.10 to 3.13; try make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -e ".[dev]"
	touch $@
