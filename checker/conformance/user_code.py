"""Where in a user's own code something is: outside of overbooked, of Python's library and of what is installed."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from traceback import walk_tb
from types import CodeType, FrameType
from typing import Any, NamedTuple

_PYTHONS = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - compared with names of files as code has them
_INSTALLED = ("site-packages", "dist-packages")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\(\) ")


class Place(NamedTuple):
    """A line of code, and the module that it is in."""

    file: str
    line: int
    module: str

    @property
    def is_installed(self) -> bool:
        """Whether the file is one of a package that is installed."""
        return any(f"{os.sep}{folder}{os.sep}" in self.file for folder in _INSTALLED)

    @property
    def is_theirs(self) -> bool:
        """Whether this is neither overbooked's nor Python's own."""
        is_ours = self.module == "overbooked" or self.module.startswith("overbooked.")
        is_pythons = self.file.startswith(("<", _PYTHONS)) and not self.is_installed
        return not is_ours and not is_pythons

    def __str__(self) -> str:
        """Return file and line; below the folder that one is in, the file is named as seen from there."""
        file, here = Path(self.file), Path.cwd()
        return f"{file.relative_to(here) if file.is_relative_to(here) else file}, line {self.line}"


class PlacedError(RuntimeError):
    """An error of which the place in the user's code is known, if there is one, though nothing was raised there."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


def told(error: BaseException, *parts: object) -> str:
    """Return an error in a line, with its place in the user's code.

    Where that raised nothing, the place is where what was used wrongly begins: a function, or a class; or else one of
    the ``parts``, what the user gave.
    """
    first = _ADDRESS.sub("", _text(error).strip().partition("\n")[0])
    place = _raised(error) or _meant(error, parts)
    return f"{type(error).__name__}{': ' * bool(first)}{first}{f' ({place})' if place else ''}"


def _text(error: BaseException) -> str:
    try:
        return error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - an error of the user's may have no text that can be had
        return ""


def place_on_stack(frame: FrameType | None, until: frozenset[str] = frozenset()) -> Place | None:
    """Return the innermost place that is the user's of what a thread is doing, not looking beyond these modules.

    Where there are such modules, and none is on the stack, there is no such place either.
    """
    inner: list[Place] = []
    while frame and frame.f_globals.get("__name__") not in until:
        inner.append(place_of(frame))
        frame = frame.f_back
    return None if until and frame is None else _innermost(reversed(inner))


def place_of_waiting(work: object) -> Place | None:
    """Return the innermost place that is the user's of what a coroutine waits for."""
    found = []
    while work is not None:
        frame = getattr(work, "cr_frame", None)
        if frame is not None:
            found.append(place_of(frame))
        work = getattr(work, "cr_await", None)
    return _innermost(found)


def place_at_work(callback: object) -> Place | None:
    """Return the place that is the user's of what an event loop calls: where its task is, or where it begins."""
    its = getattr(callback, "__self__", None)
    work = its.get_coro() if isinstance(its, asyncio.Task) else None
    return place_of_waiting(work) if work else _theirs(_beginning(callback))


def _theirs(place: Place | None) -> Place | None:
    return place if place and place.is_theirs else None


def _raised(error: BaseException) -> Place | None:
    if isinstance(error, PlacedError) and error.place:
        return error.place
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 1, "")
    return _innermost(_place(frame, line) for frame, line in walk_tb(error.__traceback__))


def _innermost(places: Iterable[Place]) -> Place | None:
    """Return the last of these places that is the user's; what is installed is, where nothing else is."""
    theirs = [place for place in places if place.is_theirs]
    return next(reversed([place for place in theirs if not place.is_installed] or theirs), None)


def place_of(frame: FrameType) -> Place:
    """Return where a frame is."""
    return _place(frame, frame.f_lineno)


def _place(frame: FrameType, line: int) -> Place:
    return Place(frame.f_code.co_filename, line, str(frame.f_globals.get("__name__")))


def _meant(error: BaseException, parts: Iterable[object]) -> Place | None:
    """Return where what was used wrongly begins: what an attribute is missing of, what was called, or a part."""
    places = (_beginning(it) for it in (*_missing_of(error), *_called_in(_text(error), parts), *parts))
    return next(filter(None, map(_theirs, places)), None)


def _missing_of(error: BaseException) -> Iterator[object]:
    if isinstance(error, AttributeError) and error.obj is not None and not inspect.ismodule(error.obj):
        yield error.obj if isinstance(error.obj, type) else type(error.obj)


def _called_in(text: str, parts: Iterable[object]) -> Iterator[object]:
    """Yield what a message says was called, as in ``MyServer.start() takes 0 positional arguments``."""
    if found := _CALLED.search(text):
        for part in parts:
            named: Any = sys.modules.get(getattr(part, "__module__", ""))
            for name in found[1].split("."):
                named = getattr(named, name, None)
            if named is not None:
                yield named


def _beginning(it: Any) -> Place | None:  # noqa: ANN401 - whatever a user has made
    code = getattr(inspect.unwrap(it) if callable(it) else it, "__code__", None)
    if isinstance(code, CodeType):
        return Place(code.co_filename, code.co_firstlineno, str(getattr(it, "__module__", "")))
    kind = it if isinstance(it, type) else type(it)
    try:
        return Place(str(inspect.getsourcefile(kind)), inspect.getsourcelines(kind)[1], kind.__module__)
    except (TypeError, OSError, AttributeError):
        return None
