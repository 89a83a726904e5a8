"""The booking system a second time, from the page that defines it: plain tuples, typed apart from ``spec``.

Nothing here is general or fast. It exists so that a slip in the spec, in the tables or in the search shows as
a disagreement. Calls are numbered through, and a write is 0 unsent, 1 sent, 2 applied, 3 confirmed, or else
4 refused, 5 declined. One that is lost is unsent from then on: nobody sends it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

PROGRAMS: dict[str, list[list[str]]] = {
    "read-after-write": [["book"], ["check"]],
    "read-your-writes": [["book", "check"]],
    "monotonic-reads": [["book"], ["check", "check"]],
    "linearizability": [["book"], ["check"], ["check"]],
    "no-double-booking": [["check", "book"], ["check", "book"]],
    "convergence": [["book"], ["book"]],
    "durability": [["book"]],
    "booking-availability": [["book"]],
    "checking-availability": [["check"]],
    "last-write-wins": [["book"], ["book"]],
}
UNSENT, SENT, APPLIED, CONFIRMED, REFUSED, DECLINED = range(6)


class Setting(NamedTuple):
    """One state."""

    calls: tuple[str, ...]
    stamps: tuple[int, ...]
    writes: tuple[tuple[int, ...], ...]
    answers: tuple[tuple[int | None, ...], ...]
    bound: tuple[bool, ...]
    stored: tuple[int, ...]
    up: tuple[bool, ...]
    places: tuple[int, ...] = ()
    after: tuple[tuple[int, int], ...] = ()
    committed: int = 0
    consuming: bool = False
    struck: tuple[str, ...] = ()
    logs: tuple[tuple[int, ...], ...] = ()
    shows: tuple[frozenset[int], ...] = ()
    told_primary: frozenset[tuple[int, int]] = frozenset()
    primary: int = 0


def put(items: tuple[Any, ...], at: int, item: object) -> tuple[Any, ...]:
    """Return the items with one of them replaced."""
    return (*items[:at], item, *items[at + 1 :])


class Hotel:
    """The booking system for one way to write, one way to read, one guarantee and one fault setting."""

    late_repairs = False
    """Whether a check that has its answer goes on writing it back until its user is told."""

    def __init__(  # noqa: PLR0913, PLR0917 - the setting is just these
        self,
        write: str,
        read: str,
        guarantee: str,
        fault: str = "none",
        n: int = 3,
        programs: list[list[str]] | None = None,
    ) -> None:
        self.guarantee, self.n = guarantee, n
        self.log, strategy = write.startswith("message:"), write.removeprefix("message:")
        self.serial, self.claims = strategy.startswith("serial"), strategy.startswith("claim:")
        self.needed = {"serial-sync": n, "serial-async": 1}.get(strategy) or int(strategy.split(":")[1])
        self.repairs, self.remembers = read.endswith(":repair"), read.endswith(":session")
        read = read.removesuffix(":repair").removesuffix(":session")
        self.ask_primary = read == "one:primary"
        self.alone = int(read[len("one:db") :]) - 1 if read.startswith("one:db") else None
        known = {"one": 1, "quorum": n // 2 + 1, "all": n}
        alone = self.alone is not None or self.ask_primary
        self.used = 1 if alone else known.get(read) or int(read.split(":")[1])
        faults = fault.replace("both", "replica-crash+app-restart").split("+")
        self.often = {kind: int(times or 1) for kind, _, times in (each.partition(":") for each in faults)}
        self.fails_over, self.skewed = "failover" in self.often, "clock-skew" in self.often
        self.often["replica-crash"] = self.often.get("replica-crash", 0) + self.fails_over
        self.kinds: list[str] = []
        self.before: list[int | None] = []
        waits_for_own = self.remembers and guarantee == "checking-availability"
        for program in programs or ([["book", "check"]] if waits_for_own else PROGRAMS[guarantee]):
            for at, kind in enumerate(program):
                self.before.append(len(self.kinds) - 1 if at else None)
                self.kinds.append(kind)
        self.bookings = [c for c, kind in enumerate(self.kinds) if kind == "book"]
        self.checks = [c for c, kind in enumerate(self.kinds) if kind == "check"]

    @property
    def initial(self) -> Setting:
        """Nobody has called, nothing is stored, all is up."""
        count, nothing = len(self.kinds), (0,) * self.n
        return Setting(
            ("idle",) * count,
            (0,) * count,
            (nothing,) * count,
            ((None,) * self.n,) * count,
            (False,) * count,
            nothing,
            (True,) * self.n,
            (0,) * count,
        )

    def steps(self, w: Setting) -> Iterator[tuple[bool, Setting]]:
        """Yield what can follow, and whether it is owed."""
        for after in (*self._invocations(w), *self._writing(w), *self._consuming(w), *self._reading(w)):
            yield True, after
        for kind, times in self.often.items():
            if w.struck.count(kind) < times:
                for after in self._faults(w, kind):
                    yield False, after._replace(struck=tuple(sorted((*w.struck, kind))))

    def _faults(self, w: Setting, kind: str) -> Iterator[Setting]:
        if kind == "app-restart":
            yield self._restarted(w)
        if kind == "timeout":
            for c, call in enumerate(w.calls):
                if call == "running":
                    yield w._replace(calls=put(w.calls, c, "unknown"))
        if kind == "lost-write":
            for b, i in product(self.bookings, range(self.n)):
                if w.writes[b][i] == SENT:
                    yield w._replace(writes=put(w.writes, b, put(w.writes[b], i, UNSENT)))
        for i in [i for i in range(self.n) if w.up[i]]:
            yield from self._hit(w, i, kind)

    def _hit(self, w: Setting, i: int, kind: str) -> Iterator[Setting]:
        stopped = put(w.up, i, item=False)
        if kind == "replica-crash":
            yield w._replace(up=stopped)
        if kind == "node-crash":
            yield self._restarted(w)._replace(up=stopped)
        if kind == "amnesia":
            yield self._emptied(w, i)

    def _restarted(self, w: Setting) -> Setting:
        ended = tuple("ended" if call == "running" else call for call in w.calls)
        return w._replace(calls=ended, writes=((0,) * self.n,) * len(w.calls), consuming=False)

    def _emptied(self, w: Setting, i: int) -> Setting:
        return w._replace(stored=put(w.stored, i, 0))

    def _sent(self, write: tuple[int, ...]) -> tuple[int, ...]:
        return put(write, 0, SENT) if self.serial else (SENT,) * self.n

    def _invocations(self, w: Setting) -> Iterator[Setting]:
        for c, kind in enumerate(self.kinds):
            last = self.before[c]
            before = w.calls[last] if last is not None else "acked"
            if w.calls[c] != "idle" or before not in {"acked", "taken", "available", "booked"}:
                continue
            calls = put(w.calls, c, "running")
            if kind == "book":
                if self.guarantee == "no-double-booking" and before != "available":
                    continue
                writes = w.writes if self.log else put(w.writes, c, self._sent(w.writes[c]))
                places = put(w.places, c, max(w.places) + 1) if self.log else w.places
                after = w.after + tuple((b, c) for b in self.bookings if b != c and w.calls[b] == "acked")
                remembered = after if self.guarantee == "last-write-wins" else ()
                for stamp in self._stamps(w):
                    stamps = put(w.stamps, c, stamp)
                    yield w._replace(calls=calls, stamps=stamps, writes=writes, places=places, after=remembered)
            else:
                acked = any(w.calls[b] == "acked" for b in self.bookings)
                told = self.guarantee == "linearizability" and any(w.calls[q] == "booked" for q in self.checks)
                remembers = self.guarantee in {"read-after-write", "linearizability"}
                yield w._replace(calls=calls, bound=put(w.bound, c, remembers and (acked or told)))

    def _stamps(self, w: Setting) -> list[int]:
        """Return the timestamps that the next booking may get."""
        every = range(1, len(self.bookings) + 1)
        return [t for t in every if t not in w.stamps] if self.skewed else [max(w.stamps) + 1]

    def _writing(self, w: Setting) -> Iterator[Setting]:
        for b in self.bookings:
            for i in range(self.n):
                if w.up[i]:
                    yield from self._at_replica(w, b, i)
            if w.calls[b] == "running" and (self.log or self._enough(w.writes[b])):
                yield w._replace(calls=put(w.calls, b, "acked"))
            if w.calls[b] == "running" and w.writes[b].count(DECLINED) > self.n - self.needed:
                yield w._replace(calls=put(w.calls, b, "taken"))

    def _at_replica(self, w: Setting, b: int, i: int) -> Iterator[Setting]:
        write = w.writes[b]
        if write[i] == SENT and self.claims and w.stored[i]:
            yield w._replace(writes=put(w.writes, b, put(write, i, REFUSED)))
        elif write[i] == SENT:
            stored = put(w.stored, i, max(w.stored[i], w.stamps[b]))
            yield w._replace(writes=put(w.writes, b, put(write, i, APPLIED)), stored=stored)
        if write[i] == REFUSED:
            yield w._replace(writes=put(w.writes, b, put(write, i, DECLINED)))
        if write[i] == APPLIED:
            confirmed = put(write, i, CONFIRMED)
            if self.serial and i + 1 < self.n:
                confirmed = put(confirmed, i + 1, SENT)
            yield w._replace(writes=put(w.writes, b, confirmed))

    def _enough(self, write: tuple[int, ...]) -> bool:
        if self.serial and self.needed == 1:
            return write[0] == CONFIRMED
        return write.count(CONFIRMED) >= self.needed

    def _consuming(self, w: Setting) -> Iterator[Setting]:
        for b in self.bookings if self.log else ():
            if w.places[b] != w.committed + 1:
                continue
            if not w.consuming:
                yield w._replace(consuming=True, writes=put(w.writes, b, self._sent(w.writes[b])))
            elif self._enough(w.writes[b]):
                yield w._replace(consuming=False, committed=w.committed + 1)

    def _reading(self, w: Setting) -> Iterator[Setting]:
        for q in self.checks:
            if w.calls[q] == "running":
                yield from self._checking(w, q)

    def _checking(self, w: Setting, q: int) -> Iterator[Setting]:
        answers = [answer for answer in w.answers[q] if answer is not None]
        latest = max(answers, default=0)
        count = answers.count(latest) if self.repairs else len(answers)
        if count < self.used:
            yield from self._sampled(w, q)
        else:
            yield w._replace(calls=put(w.calls, q, "booked" if latest else "available"))
        if self.repairs and len(answers) >= self.used and (count < self.used or self.late_repairs):
            yield from self._repaired(w, q, latest)

    def _sampled(self, w: Setting, q: int) -> Iterator[Setting]:
        least = self._told(w, q) if self.remembers else 0
        for i in self._asked(w):
            if w.up[i] and w.answers[q][i] is None and w.stored[i] >= least:
                yield w._replace(answers=put(w.answers, q, put(w.answers[q], i, w.stored[i])))

    def _told(self, w: Setting, c: int) -> int:
        """Return the timestamp of the latest booking that the user was told of before a call, 0 if of none."""
        last = self.before[c]
        if last is None:
            return 0
        found = max(answer or 0 for answer in w.answers[last])
        told = {"acked": w.stamps[last], "booked": found}.get(w.calls[last], 0)
        return max(told, self._told(w, last))

    def _repaired(self, w: Setting, q: int, latest: int) -> Iterator[Setting]:
        for i, answer in enumerate(w.answers[q]):
            if w.up[i] and answer is not None and answer < latest:
                stored = put(w.stored, i, max(w.stored[i], latest))
                yield w._replace(stored=stored, answers=put(w.answers, q, put(w.answers[q], i, latest)))

    def _asked(self, w: Setting) -> list[int]:
        alone = w.primary if self.ask_primary else self.alone
        return list(range(self.n)) if alone is None else [alone]

    def is_broken(self, w: Setting, over: bool) -> bool:
        """Return whether the guarantee is broken here."""
        live = [stored for stored, up in zip(w.stored, w.up, strict=True) if up]
        acked = [b for b in self.bookings if w.calls[b] == "acked"]
        available = [q for q in self.checks if w.calls[q] == "available"]
        return {
            "read-after-write": any(w.bound[q] for q in available),
            "linearizability": any(w.bound[q] for q in available),
            "read-your-writes": bool(available),
            "monotonic-reads": any(w.calls[self.before[q] or 0] == "booked" for q in available),
            "no-double-booking": len(acked) > 1,
            "convergence": over and (len(set(live)) > 1 or any(s < w.stamps[b] for b in acked for s in live)),
            "durability": over and any(self._is_lost(w, live, b) for b in acked),
            "booking-availability": over and any(w.calls[b] == "running" for b in self.bookings),
            "checking-availability": over and any(w.calls[q] == "running" for q in self.checks),
            "last-write-wins": over and any(b in acked and w.stamps[a] in live for a, b in w.after),
        }[self.guarantee]

    def _is_lost(self, w: Setting, live: list[int], booking: int) -> bool:
        logged = self.log and w.places[booking] > w.committed
        return not logged and all(stored < w.stamps[booking] for stored in live)


class PrimaryHotel(Hotel):
    """The booking system where the database replicates by itself: each replica has a log, and shows part of it.

    The write of a booking to the primary is the first of its ``writes``: 2 is that it is in the primary's log.
    """

    def __init__(self, write: str, read: str, guarantee: str, fault: str = "none", n: int = 3) -> None:
        super().__init__(write, read, guarantee, fault, n)
        self.on_receipt, self.unique = ":received" in write, write.endswith(":unique")

    @property
    def initial(self) -> Setting:
        """As ever, and all logs are empty."""
        return super().initial._replace(logs=((),) * self.n, shows=(frozenset(),) * self.n)

    def steps(self, w: Setting) -> Iterator[tuple[bool, Setting]]:
        """Yield also that a standby takes over."""
        yield from super().steps(w)
        if self.fails_over and not w.up[w.primary]:
            standbys = [i for i in range(self.n) if w.up[i]]
            most = max(len(w.logs[i]) for i in standbys)
            for i in standbys:
                if len(w.logs[i]) == most:
                    yield True, self._promoted(w, i)

    def _emptied(self, w: Setting, i: int) -> Setting:
        emptied = super()._emptied(w, i)
        return emptied._replace(logs=put(w.logs, i, ()), shows=put(w.shows, i, frozenset()))

    def _promoted(self, w: Setting, i: int) -> Setting:
        ended = tuple(
            "unknown" if kind == "book" and call == "running" else call
            for kind, call in zip(self.kinds, w.calls, strict=True)
        )
        kept = max([0, *(w.stamps[b] for b in w.logs[i])])
        return w._replace(
            calls=ended,
            writes=((0,) * self.n,) * len(w.calls),
            shows=put(w.shows, i, frozenset(w.logs[i])),
            stored=put(w.stored, i, kept),
            primary=i,
        )

    def _sent(self, write: tuple[int, ...]) -> tuple[int, ...]:
        return put(write, 0, SENT)

    def _writing(self, w: Setting) -> Iterator[Setting]:
        for b in self.bookings:
            if w.up[w.primary]:
                yield from self._at_primary(w, b)
            request = w.writes[b][0]
            if w.calls[b] == "running" and request in {CONFIRMED, REFUSED}:
                yield w._replace(calls=put(w.calls, b, "acked" if request == CONFIRMED else "taken"))
        for i in range(self.n):
            if i != w.primary and w.up[i]:
                yield from self._at_standby(w, i)

    def _at_primary(self, w: Setting, b: int) -> Iterator[Setting]:
        p, request = w.primary, w.writes[b][0]
        log, shown = w.logs[p], w.shows[p]
        if request == SENT and self.unique and log:
            yield self._written(w, b, REFUSED)
        elif request == SENT and all(entry in shown for entry in log):
            placed = put(w.places, b, max(w.places) + 1)
            yield self._written(w, b, APPLIED)._replace(logs=put(w.logs, p, (*log, b)), places=placed)
        agreed = sum((b, i) in w.told_primary for i in range(self.n)) >= self.needed - 1
        if b in log and b not in shown and agreed:
            yield self._shown(w, b, p)
        if b in shown and request == APPLIED:
            yield self._written(w, b, CONFIRMED)

    def _written(self, w: Setting, b: int, request: int) -> Setting:
        return w._replace(writes=put(w.writes, b, put(w.writes[b], 0, request)))

    def _shown(self, w: Setting, b: int, i: int) -> Setting:
        kept = max(w.stored[i], w.stamps[b])
        return w._replace(shows=put(w.shows, i, w.shows[i] | {b}), stored=put(w.stored, i, kept))

    def _at_standby(self, w: Setting, i: int) -> Iterator[Setting]:
        lacks = [b for b in w.logs[w.primary] if b not in w.logs[i]]
        if lacks and w.up[w.primary]:
            yield w._replace(logs=put(w.logs, i, (*w.logs[i], lacks[0])))
        waits = [b for b in w.logs[i] if b not in w.shows[i]]
        if waits:
            yield self._shown(w, waits[0], i)
        for b in w.logs[i] if w.up[w.primary] else ():
            if (self.on_receipt or b in w.shows[i]) and (b, i) not in w.told_primary:
                yield w._replace(told_primary=w.told_primary | {(b, i)})


def hotel(write: str, read: str, guarantee: str, fault: str = "none", n: int = 3) -> Hotel:
    """Return the booking system for a way to write, whoever replicates."""
    return (PrimaryHotel if write.startswith("primary:") else Hotel)(write, read, guarantee, fault, n)
