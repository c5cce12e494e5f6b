# `make demo` and `make test` do all the set-up on a machine that has Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow coverage bench bench-against peers reference docs site lint lock clean

demo: $(VENV)/ready  ## the demo's notebooks, pages and PDFs, under reports/
	@echo "Writing the reports of a fictional hospital, under reports/ (about a minute)."
	@$(BIN)/auditkit demo --output reports

test: $(VENV)/ready  ## all tests, the notebooks among them
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" --nbval-lax tests notebooks \
	    --ignore notebooks/fleet.ipynb --ignore notebooks/period.ipynb --ignore notebooks/workpapers.ipynb

test-slow: $(VENV)/ready  ## the tests that take longer
	$(BIN)/python -m pytest -m slow tests

coverage: $(VENV)/ready  ## which lines of auditkit the tests run (in one process, so it takes its time)
	$(BIN)/coverage run -m pytest -n 0 -q -m "not slow" tests
	$(BIN)/coverage report

bench: $(VENV)/ready  ## the benchmark: times as ratios, and peak memory
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/access.py
	$(BIN)/python tests/bench/network.py
	$(BIN)/python tests/bench/scans.py
	$(BIN)/python tests/bench/rights.py
	$(BIN)/python tests/bench/reports.py
	$(BIN)/python tests/bench/page.py

bench-against: $(VENV)/ready  ## the ratios of an older build to this one: make bench-against OLD=WORKTREE
	$(BIN)/python tests/bench/against.py $(OLD)

peers: $(VENV)/ready  ## compare with other tools, and write docs/comparison.md (installs them, about 2 GB)
	$(BIN)/python tests/bench/peers/run.py .peers

reference: $(VENV)/ready  ## write docs/reference, deploy and the check that the README shows, from the code
	$(BIN)/python docs/write.py

docs: reference  ## write all documents that tests verify, the fault matrix and the proofs of checks too
	rm -f docs/fault-matrix.md
	AUDITKIT_WRITE_DOCS=1 $(BIN)/python -m pytest -n 0 -q tests/promises/test_faults.py tests/checks/test_cases.py

site: $(VENV)/ready  ## the documentation as a site, under site/, with the reports of the demo
	$(BIN)/python docs/build_site.py site

lint: $(VENV)/ready
	$(BIN)/ruff check auditkit tests docs
	$(BIN)/lint-imports
	$(BIN)/mypy

lock:  ## choose the newest versions that work together, and those of them in the image (needs uv)
	uv pip compile pyproject.toml --group dev --extra lab --universal --python-version 3.11 \
	    --generate-hashes --no-header --upgrade --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group build --extra admission --extra s3 --extra signing --universal \
	    --python-version 3.11 --constraints requirements.lock --generate-hashes --no-header --no-annotate --quiet \
	    --output-file deploy/requirements.lock

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "auditkit needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	    { echo "This Python cannot make environments: install the package python3-venv (Debian, Ubuntu)."; exit 1; }
	@echo "[1/3] Making the environment $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/3] Installing the packages of requirements.lock, each verified by its SHA-256. It takes a few minutes once."
	@{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes \
	    --requirement requirements.lock; echo "exit $$?"; } | { \
	    total=$$(grep -c '^[a-zA-Z0-9].*==' requirements.lock); number=0; \
	    while read -r word name rest; do case $$word in \
	        Collecting|Requirement) number=$$((number + 1)); \
	            [ $$((number % 10)) -ne 0 ] || echo "      $$number of at most $$total packages, now $${name%%=*}";; \
	        Installing) echo "      All are fetched. Unpacking them takes a minute or two.";; \
	        exit) exit $$name;; \
	    esac; done; }
	@echo "[3/3] Installing auditkit itself."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) .peers site reports/*.html reports/*.pdf reports/*.ipynb
