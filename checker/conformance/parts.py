"""What is held against the spec: an app server, and where it keeps its replicas, log and clock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, TypeAlias

from reference.app_server import AppServer
from reference.memory import MemoryStorage
from reference.ports import Booking, Clock, Log, Replica, Storage
from reference.sqlite import SQLiteStorage
from spec.names import StrategyError, shown


class Server(Protocol):
    """An app server, as its users and whoever runs it see it: :class:`reference.app_server.AppServer`, or another."""

    async def start(self) -> None:
        """Begin to consume the log, where there is one."""

    async def book_room(self, user: str, room: str) -> Booking:
        """Book the room; raise :class:`TimeoutError` when that takes too long."""

    async def is_room_available(self, room: str) -> bool:
        """Tell whether the room is available; raise :class:`TimeoutError` when that takes too long."""


NewServer: TypeAlias = Callable[[Sequence[Replica], Log, Clock, str, str], Server]
"""Makes an app server of replicas, log, clock, and the names of its write and its read strategy."""
NewStorage: TypeAlias = Callable[[], AbstractContextManager[Storage]]
"""Makes an empty storage for one run, and clears it away afterwards."""


class Parts(NamedTuple):
    """An app server and its storage."""

    storage: NewStorage
    server: NewServer = AppServer


@contextmanager
def in_memory() -> Iterator[Storage]:
    """Yield a storage in memory."""
    yield MemoryStorage()


@contextmanager
def in_sqlite() -> Iterator[Storage]:
    """Yield a storage of SQLite files, in a folder that is removed afterwards; where there is one, in memory."""
    fast = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    with TemporaryDirectory(prefix="overbooked-", dir=fast if fast.is_dir() else None) as folder:
        yield SQLiteStorage(Path(folder))


STORAGES: dict[str, NewStorage] = {"memory": in_memory, "sqlite": in_sqlite}


def parts_called(app: str | None, over: str) -> Parts:
    """Return the parts that a user names: ``memory``, ``sqlite``, or ``MODULE:NAME`` of one's own.

    Raises :class:`spec.names.StrategyError` when there is nothing of that name.
    """
    server = AppServer if app is None else _named(app)
    return Parts(STORAGES[over] if over in STORAGES else _kept_by(_named(over)), server)


def _kept_by(new: Callable[[], Storage]) -> NewStorage:
    @contextmanager
    def storage() -> Iterator[Storage]:
        yield new()

    return storage


def _named(name: str) -> Any:  # noqa: ANN401 - whatever a user has made; using it wrongly is reported as a difference
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise StrategyError(f"{shown(name)}: should be MODULE:NAME, such as my_hotel:MyServer")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:
        raise StrategyError(f"{shown(name)}: cannot be imported ({type(error).__name__}: {error})") from error
    finally:
        sys.path.remove(str(Path.cwd()))
