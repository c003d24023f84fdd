# `make run` curates raw/ into curated/; `make test` runs the tests. Both set up .venv/ when needed.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
RUN := .venv/.ready-to-run
DEV := .venv/.ready-to-develop
SHARED ?= ../shared
# Slow tests take more than a few seconds of processor each; `make test-slow` runs them.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: run server test test-slow crash check corpus docs bench train clean

run: $(RUN)
	@$(BIN)/python flows/curate.py

# A Prefect server and worker on this machine with everything of prefect.yaml deployed, until Ctrl-C.
server: $(RUN)
	@$(BIN)/python flows/serve.py $(SERVER)

test: $(DEV)
	@$(PYTEST) -m "not slow and not corpus and not crash"

test-slow: $(DEV)
	@$(PYTEST) -m "slow and not corpus and not crash"

# Kills runs, and fills disks, at more moments than `make test-slow` has time for.
crash: $(DEV)
	@$(BIN)/pytest -m crash -rs

check: $(DEV)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy src flows training benchmarks
	@$(BIN)/lint-imports

# Measures on the gold corpora; each test skips, saying so, where they are absent.
corpus: $(DEV)
	@SHARED=$(SHARED) $(BIN)/pytest -m corpus -rs -s

# Writes the data dictionary, which derives from the contract, to where it is committed.
docs: $(DEV)
	@$(BIN)/python -c 'from pipeline import contract, store; \
		print(store.README_TEXT + contract.data_dictionary(contract.TABLES.values()), end="")' | \
		tee docs/tables.md > curated/README.md

bench: $(DEV)
	@$(BIN)/python -m benchmarks.speed

# Trains the tagger on the gold corpora and measures it; one that was stopped continues (training/README.md). With pip,
# because a build of torch for the CPU may lie where only pip is told to look.
train: $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[training]'
	@$(BIN)/python -m training --train $(SHARED)/corpora/polnear/train --dev $(SHARED)/corpora/polnear/dev \
		--names $(SHARED)/corpora/worldwide-newswire 'none stated for the data; articles © their publishers. The weights hold no text' \
		--names $(SHARED)/corpora/wikigold 'CC BY 4.0 (wikigold; Wikipedia)' \
		--names $(SHARED)/corpora/uner-pud 'CC BY-SA 3.0 (Universal NER, Universal Dependencies English-PUD)' \
		--names $(SHARED)/corpora/re3d 'of each part, the BBC part left out: CC BY 3.0 AU, public domain, EC reuse notice, OGL v3.0, CC BY-SA 3.0' \
		--names $(SHARED)/corpora/gum-news 'CC BY 2.5 (Wikinews) and CC BY 4.0 (annotation of GUM, its train documents)' \
		--dev-names $(SHARED)/corpora/worldwide-newswire \
		--version newswire-2 \
		--licence 'none stated for the data; articles © their publishers. The weights hold no text. Whoever needs other terms trains on articles of their own (training/README.md)' \
		--condition 'The corpus is PolNeAR 1.0: American political news of September and October 2016, from seven publishers; its test part was not looked at.' \
		--condition 'The articles were used to choose between rules and models, so the figures lean optimistic.' \
		--names-condition 'The articles are of publishers outside Western countries, which are not in the training data; they were used to choose between rules and models.' $(TRAINING)

clean:
	rm -rf .venv

$(RUN): pyproject.toml constraints.txt | $(UV)
	@echo "Installing what a run needs into .venv …"
	@$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(UV)
	@echo "Installing what development and tests need into .venv …"
	@$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $(RUN) $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "onrecord needs Python 3.11 or newer; name one with make PYTHON=…")'
	@echo "Creating .venv (once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
