"""A user's code, ended in the middle: by Ctrl-C, or when time is up.

Both end a search between two runs, as nothing is lost then. A run that does not end by itself is ended from inside:
:class:`CutShortError` is raised in it, wherever it is, and again and again where it goes on all the same.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
import warnings
from types import FrameType
from typing import Any, ClassVar, Self

from overbooked.checker.conformance.user_code import Place, place_of, place_on_stack

_GRACE = 0.5
"""Seconds that a run may take to end by itself, once it should."""
_PAUSE = 0.1
"""Seconds until one looks again whether it is the user's code that is at work."""
_LONGEST = 1e8
_CAN_WAIT = hasattr(signal, "setitimer")
_BEGUN_BY = frozenset(f"overbooked.checker.conformance.{name}" for name in ("replay", "loader"))
_WAITING = "overbooked.checker.conformance.threaded_storage"


class CutShortError(BaseException):
    """A user's code was ended in the middle, at that ``place``. It is no Exception, so that few catch it."""

    def __init__(self, place: Place | None = None) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        """Return where."""
        return f"in the middle of {self.place or 'what it was doing'}"


class Watch:
    """While it is entered, Ctrl-C is ``asked``, and a run that then goes on is cut short; so it is after ``seconds``.

    A second Ctrl-C stops at once, as ever. Where the system has no timer, Ctrl-C cuts short at once what is the user's.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.asked = False
        self._seconds = seconds
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Begin to look."""
        _Swallowed.error = None
        if threading.current_thread() is threading.main_thread():
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._ask)
            if _CAN_WAIT:
                self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._look)
                self._look_in(None if self._seconds is None else min(self._seconds, _LONGEST) + _GRACE)
        return self

    def __exit__(self, *_: object) -> None:
        """Let signals mean what they meant before."""
        self._look_in(None)
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _ask(self, _: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self._before[signal.SIGINT])
        if _CAN_WAIT:
            self._look_in(_GRACE)
        else:
            self._cut(frame)

    def _look(self, _: int, frame: FrameType | None) -> None:
        self._cut(frame)

    def _cut(self, frame: FrameType | None) -> None:
        """Raise, where it is the user's code that is at work, or is waited for; a second time at the next line, too.

        So what is caught in a loop, and would only go on with the loop, is raised outside of the try at last. Where
        Python would ignore it, one looks again a little later.
        """
        place = place_on_stack(frame, _BEGUN_BY)
        if (place or _waits(frame)) and not _is_ignored(frame):
            if _Swallowed.error:
                _raise_at_next_line(frame)
            else:
                warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            _Swallowed.error = _Swallowed.error or CutShortError(place)
            raise _Swallowed.error

    def _look_in(self, seconds: float | None) -> None:
        """Look after so many seconds, and then again and again; or no more."""
        if _CAN_WAIT and self._before:
            signal.setitimer(signal.ITIMER_REAL, seconds or 0, _PAUSE if seconds else 0)


class _Swallowed:
    """The last error that was raised in a user's code, which may have caught it, as asyncio's tasks do."""

    error: CutShortError | None = None
    tracing: ClassVar[list[Any]] = []
    """What traced before, while this does."""


def _raise_at_next_line(frame: FrameType | None) -> None:
    """Have the error raised once more at the next line that is taken of the user's code, which is on this stack."""

    def at_line(_: FrameType, event: str, __: object) -> Any:  # noqa: ANN401 - as Python wants it
        if event == "line" and _Swallowed.error:
            raise _Swallowed.error
        return at_line

    while frame and frame.f_globals.get("__name__") not in _BEGUN_BY:
        if place_of(frame).is_theirs:
            frame.f_trace = at_line
        frame = frame.f_back
    _Swallowed.tracing = _Swallowed.tracing or [sys.gettrace()]
    sys.settrace(lambda *_: None)


def _stop_tracing() -> None:
    if _Swallowed.tracing:
        sys.settrace(_Swallowed.tracing.pop())


def raise_if_cut_short() -> None:
    """Raise what was raised in the user's code since this was asked last, whatever became of it there."""
    error, _Swallowed.error = _Swallowed.error, None
    if error:
        _stop_tracing()
        raise error


def raise_what_stops(error: BaseException) -> None:
    """Raise the error again if it stops the command; whatever else a user's code raises is told as what it did."""
    if isinstance(error, (KeyboardInterrupt, CutShortError)):
        raise error


def _is_ignored(frame: FrameType | None) -> bool:
    """Return whether Python prints what is raised there, and goes on: as garbage is collected, and in finalizers."""
    hooks = {getattr(hook, "__code__", None) for hook in gc.callbacks}
    while frame and frame.f_globals.get("__name__") not in _BEGUN_BY:
        if frame.f_code in hooks or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def _waits(frame: FrameType | None) -> bool:
    """Return whether a user's storage is waited for, which runs in another thread."""
    while frame and frame.f_globals.get("__name__") not in _BEGUN_BY:
        if frame.f_globals.get("__name__") == _WAITING and frame.f_code.co_name == "done":
            return True
        frame = frame.f_back
    return False
