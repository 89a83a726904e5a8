"""What is held against the spec: an app server, and where it keeps its replicas, log and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Protocol, TypeAlias

from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryStorage
from overbooked.reference.ports import Booking, Storage
from overbooked.reference.sqlite import SQLiteStorage


class Server(Protocol):
    """An app server, as its users and whoever runs it see it.

    :class:`overbooked.reference.app_server.AppServer` is one.
    """

    async def start(self) -> None:
        """Begin to consume the log, where there is one."""

    async def book_room(self, user: str, room: str) -> Booking:
        """Book the room; raise :class:`TimeoutError` when that takes too long."""

    async def is_room_available(self, room: str) -> bool:
        """Tell whether the room is available; raise :class:`TimeoutError` when that takes too long."""


NewServer: TypeAlias = Callable[..., Server]
"""Makes an app server of replicas, log, clock, and the names of its write and its read strategy.

Where the database replicates by itself, it is given a connection to the primary, too, as the last of these.
"""
NewStorage: TypeAlias = Callable[[], AbstractContextManager[Storage]]
"""Makes an empty storage for one run, and clears it away afterwards."""


class Names(NamedTuple):
    """What the parts are called in a sentence; a storage that is overbooked's own has no name."""

    app: str = "the reference"
    storage: str = ""

    @property
    def both(self) -> str:
        """The two together, as they are held against the spec."""
        return f"{self.app} over {self.storage}" if self.storage else self.app

    @property
    def suspects(self) -> str:
        """Whichever may be at fault: the reference is not, where the storage is the user's."""
        theirs = [name for name in (self.app if self.app != Names().app else "", self.storage) if name]
        return " or ".join(theirs) or self.app


class Implementation(NamedTuple):
    """An app server and its storage, and what these are called."""

    storage: NewStorage
    server: NewServer = AppServer
    names: Names = Names()


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
