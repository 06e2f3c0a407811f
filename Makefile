# make train            set up, then train on the built-in horses
# make train ARGS="…"   with overrides, such as ARGS="data=cifar10 model=cnn trainer.max_epochs=25"
# make test             set up, then the whole test suite
# make torture          set up, then what docs/reliability.md promises, tried at length (an hour or two); ARGS="kills": a part
# make weights          set up, then train the weights that the package ships; it goes on where it was stopped
# make lint             set up, then style and types

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

.PHONY: train test torture weights lint figures
.DEFAULT_GOAL := train

train: $(VENV)/.installed
	$(VENV)/bin/colourize-train $(if $(filter data=% experiment=% data.root=% data.category=%,$(ARGS)),,data=synthetic) $(ARGS)

# One thread a test process: several on one core only wait for each other.
test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n auto $(ARGS)

# Goes on where it was stopped; ARGS="--quick" tries a few of each.
torture: $(VENV)/.installed
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(VENV)/bin/python -m torture $(ARGS)

# Hours to days; stop it at any time. Each is trained by an experiment of its own, then rounded and tested, and lies with
# its card in build/weights. `python -m colourize.ship checkpoint=multirun/weights_colour name=colour` puts one into the
# package.
WEIGHTS ?= category_classifier colour colour_hints super_resolution_x2 super_resolution_x4
weights: $(VENV)/.installed
	for name in $(WEIGHTS); do \
		test -f build/weights/$$name.safetensors && continue; \
		$(VENV)/bin/colourize-train experiment=weights_$$name $(ARGS) && \
		$(VENV)/bin/python -m colourize.ship checkpoint=multirun/weights_$$name name=$$name to=build/weights || exit 1; \
	done

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
