# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RUN    ?= demo-run

.PHONY: demo test lint setup latex browser docs clean bench bench-compare

setup: $(VENV)/.ready

# torch first: an open requirement would pull gigabytes of CUDA libraries where the tested CPU build suffices.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch setuptools
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs,reference,asr,train]'
	rm -rf *.egg-info  # a stale one in the working folder would hide the installed entry points
	touch $@

demo: setup
	$(BIN)/narrator-bench weights fetch
	$(BIN)/narrator-bench demo --out $(RUN)

test: setup latex browser
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist loadscope

# The tests compile the LaTeX tables; where it is absent and may be installed, it is, else those tests are skipped.
latex:
	sh tests/install_latex.sh

# The tests of the report's page need a Chromium; where there is none, one is installed.
browser: setup
	sh tests/install_browser.sh $(BIN)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, in build/site: open build/site/index.html
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Kept by machine in .benchmarks; `make bench ONLY=mcd` for some. pyproject.toml leaves this folder out of the suite.
bench: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -o addopts= --import-mode=importlib -q tests/benchmarks $(if $(ONLY),-k "$(ONLY)") \
		--benchmark-autosave --benchmark-columns=min,median,iqr,rounds --benchmark-sort=fullname

# Two revisions taking turns: make bench-compare A=main B=HEAD
bench-compare: setup
	$(BIN)/python tests/benchmarks/compare_revisions.py "$(A)" "$(B)" --rounds $(or $(ROUNDS),6) $(if $(ONLY),--only "$(ONLY)")

clean:
	rm -rf $(VENV) $(RUN) build dist *.egg-info
