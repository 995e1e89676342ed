# make squad      install what is needed and run the whole chain on question answering
# make test       install what is needed and run the tests
# make help       all targets

PYTHON ?= python3
VENV ?= .venv
TORCH_VERSION ?= 2.13.0
EXTRAS ?= dev,minilm,nncf,serve
PYTEST_ARGS ?=
RUN_ARGS ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
IPEX_VENV ?= .venv-ipex
IPEX_VERSION ?= 2.8.0
IPEX_STAMP := $(IPEX_VENV)/.installed

.PHONY: help install ipex browser squad test lint sanitize clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## build the virtual environment .venv; does nothing when it is up to date

$(STAMP): setup.cfg pyproject.toml constraints.txt tools/install_torch.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or newer is needed; name one with: make install PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python tools/install_torch.py $(TORCH_VERSION)
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

# IPEX needs the PyTorch of its own version, so it cannot live in $(VENV); quantlat runs it as a worker process.
ipex: $(IPEX_STAMP)  ## build .venv-ipex, the environment of the runtime ipex (Intel Extension for PyTorch)

$(IPEX_STAMP): tools/install_torch.py constraints-ipex.txt
	test -x $(IPEX_VENV)/bin/python || $(PYTHON) -m venv $(IPEX_VENV)
	$(IPEX_VENV)/bin/python tools/install_torch.py $(IPEX_VERSION)
	$(IPEX_VENV)/bin/python -m pip install --constraint constraints-ipex.txt intel-extension-for-pytorch==$(IPEX_VERSION) numpy
	$(IPEX_VENV)/bin/python -c 'import intel_extension_for_pytorch as ipex, torch; print("IPEX", ipex.__version__, "torch", torch.__version__)'
	touch $@

BROWSER_ARGS ?=
browser: install  ## get playwright and a Chromium for the tests of the pages, or say why there is none
	@$(BIN)/python tools/install_browser.py $(BROWSER_ARGS)

squad: install  ## run recipes/squad_int8.yaml (RUN_ARGS="--set a.b=c ..." adds options)
	$(BIN)/quantlat run recipes/squad_int8.yaml $(RUN_ARGS)

test: install  ## run the tests (PYTEST_ARGS="-x ..." adds options)
	$(BIN)/python tools/run_tests.py $(PYTEST_ARGS)

lint: install  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

# A copy of the package with the engine under AddressSanitizer and UBSan; its tests fuzz the model file and the input.
SANITIZED := build/sanitized
sanitize: install  ## the native engine's tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@command -v g++ >/dev/null || { echo "sanitize: skipped, there is no g++" >&2; exit 0; }; set -e; \
	QUANTLAT_SANITIZE=1 QUANTLAT_NATIVE=required $(BIN)/python setup.py --quiet build --build-base build/asan \
	  --build-lib $(SANITIZED); \
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -o pythonpath="$(SANITIZED) ." -p no:cacheprovider tests/native tests/runtimes/test_native.py

clean:  ## remove the environment and caches; runs/ and reports/ stay
	rm -rf $(VENV) $(IPEX_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find quantlat tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
