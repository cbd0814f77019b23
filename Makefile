# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RUN    ?= demo-run

.PHONY: demo test lint setup clean

setup: $(VENV)/.ready

# torch first: an open requirement would pull gigabytes of CUDA libraries where the tested CPU build suffices.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch setuptools
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,reference]'
	rm -rf *.egg-info  # a stale one in the working folder would hide the installed entry points
	touch $@

demo: setup
	$(BIN)/narrator-bench weights fetch
	$(BIN)/narrator-bench demo --out $(RUN)

test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist loadscope

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(RUN) build dist *.egg-info
