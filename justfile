# What one types all day. `.venv/bin/just` lists it; just comes with `just setup`'s second line, or from your system.

export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")

# list these commands
default:
    @just --list --unsorted

# make .venv, with all that tests, linters and types need
setup:
    python3 -m venv .venv
    pip install -q -c constraints.txt -e '.[dev]'

# run the quick tests, or a part: just test tests/test_reference.py -k close
test *what:
    pytest -q -n auto {{what}}

# run the quick tests and the long ones
long *what:
    pytest -q -n auto --long {{what}}

# run every test there is, for half an hour or so
exhaustive *what:
    pytest -q -n auto --exhaustive {{what}}

# linters, types, and the arrows between modules
lint:
    ruff check .
    ruff format --check .
    python tests/linked.py build/linked
    mypy
    PYTHONPATH=build/linked lint-imports

# mend what linters can mend
fix:
    ruff check --fix .
    ruff format .

# make pasted output and generated pages what the commands print today
docs:
    overbooked traces --write
    overbooked claims --write
    pytest -q tests/test_docs.py --long --write-docs
    pytest -q tests/test_schemas.py -k example --write-docs

# what CI does, in a copy of the last commit
ci:
    rm -rf .ci/copy
    git clone -q . .ci/copy
    bash .ci/copy/.ci/run

# this checker beside SPIN and minicheck
bench *how:
    python tests/bench {{how}}
