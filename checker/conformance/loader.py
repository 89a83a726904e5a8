"""App servers and storages as users name them: ``memory``, ``sqlite``, or ``MODULE:NAME`` of one's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from overbooked.checker.conformance.blame import by_storage
from overbooked.checker.conformance.cut_short import raise_if_cut_short, raise_what_stops
from overbooked.checker.conformance.implementation import Implementation, Names, NewStorage, in_memory, in_sqlite
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.checker.conformance.user_code import told
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Storage
from overbooked.spec.names import StrategyError, shown

STORAGES: dict[str, NewStorage] = {"memory": in_memory, "sqlite": in_sqlite}


def parts_called(app: str | None, over: str) -> Implementation:
    """Return the parts that a user names: ``memory``, ``sqlite``, or ``MODULE:NAME`` of one's own.

    Raises :class:`overbooked.spec.names.StrategyError` when there is nothing of that name.
    """
    server = AppServer if app is None else _named(app)
    if over not in STORAGES and ":" not in over:
        raise StrategyError(f"{shown(over)}: should be memory, sqlite or MODULE:NAME of a storage of your own")
    storage = STORAGES[over] if over in STORAGES else threaded(_kept_by(_named(over)))
    return Implementation(storage, server, names_of(app, over))


def names_of(app: str | None, over: str) -> Names:
    """Return what the parts are called in a sentence that a user names like this."""
    return Names(Names().app if app is None else app, "" if over in STORAGES else over)


def _kept_by(new: Callable[[], Storage]) -> NewStorage:
    @contextmanager
    def storage() -> Iterator[Storage]:
        with by_storage(new):
            made = new()
        yield made

    return storage


def _named(name: str) -> Any:  # noqa: ANN401 - whatever a user has made; using it wrongly is reported as a difference
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise StrategyError(f"{shown(name)}: should be MODULE:NAME, such as my_hotel:MyServer")
    if module.endswith(".py"):
        right = f"{module.removesuffix('.py').replace('/', '.')}:{attribute}"
        raise StrategyError(f"{shown(name)}: should be a module's name, without .py: {right}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(import_module(module), attribute)
    except BaseException as error:
        raise_what_stops(error)
        raise StrategyError(f"{shown(name)}: cannot be imported: {told(error)}") from error
    finally:
        sys.path.remove(str(Path.cwd()))
        raise_if_cut_short()
    if not callable(found):
        raise StrategyError(f"{shown(name)}: is no class or function that makes one")
    return found
