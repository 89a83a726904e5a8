"""What is true in every state of built-in replication, over any number of replicas: the reasons why guarantees hold."""

from __future__ import annotations

from itertools import permutations

import z3

from overbooked.checker.theorems.any_primary import K, Replicas
from overbooked.checker.theorems.invariants import Lines, own
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

HAS_IT = ("received", "shown")
"""A replica has a booking in its log, whether it shows it or not."""
IN_ITS_LOG = ("appended", "confirmed")
"""The write of a booking while the primary has it, and the app server has not forgotten it."""


def bookings(view: Replicas, setting: Setting) -> Lines:
    """Return what is true of bookings in the primary's log, and of who has confirmed them."""
    lines = _one_primary(view) if setting.fault.failover else {}
    for b in setting.bookings:
        write, held, confirmed = setting.request(b).name, own(setting.held(b, 2)), own(setting.confirmed(b, 2))
        confirmations = view.number(setting.confirmations(b).name)
        shows_it = view.primaries({held: ("shown",)}) == 1
        lines |= {
            f"the confirmations of {b.name} are those of the standbys that have confirmed it": (
                confirmations == view.count({confirmed: (True,)})
            ),
            f"while the write of {b.name} is in the primary's log, the primary has it, and is no standby that has "
            "confirmed it": z3.Implies(
                view.is_(write, *IN_ITS_LOG),
                z3.And(view.primaries({held: HAS_IT}) == 1, view.primaries({confirmed: (True,)}) == 0),
            ),
            f"the primary's log has {b.name} while its write is there": z3.Implies(
                view.is_(write, *IN_ITS_LOG), _is_logged(view, setting, b)
            ),
            f"the primary shows {b.name}, written to it, only once K - 1 standbys have confirmed it": z3.And(
                z3.Implies(view.is_(write, "confirmed"), shows_it),
                z3.Implies(z3.And(view.is_(write, *IN_ITS_LOG), shows_it), confirmations >= K - 1),
            ),
        }
    return lines


def acked_is_had(view: Replicas, setting: Setting) -> Lines:
    """Return how many replicas have an acknowledged booking, be they up or not."""
    return {
        f"once {b.name} is acknowledged, K replicas have it": z3.Implies(
            _is_acked(view, setting, b), view.count({own(setting.held(b, 2)): HAS_IT}) >= K
        )
        for b in setting.bookings
    }


def acked_survives(view: Replicas, setting: Setting) -> Lines:
    """Return why whoever is the primary has an acknowledged booking."""
    lines: Lines = {}
    for b in setting.bookings:
        held, up = own(setting.held(b, 2)), own(setting.up(2))
        without_it = view.primaries({held: ("nothing", "received"), up: (True,)})
        lines[f"once {b.name} is acknowledged, the primary, if it is up, shows it"] = z3.Implies(
            _is_acked(view, setting, b), without_it == 0
        )
    return lines


def one_log(view: Replicas, setting: Setting) -> Lines:
    """Return what live replicas have to do with the primary's log."""
    up, lines = own(setting.up(2)), dict[str, z3.BoolRef]()
    for b, held in _held(setting).items():
        behind = view.primaries({held: ("nothing",), up: (True,)}) == 1
        lines[f"what a live standby has of {b.name}, the primary has, if it is up"] = z3.Implies(
            behind, view.count({held: HAS_IT, up: (True,)}) == 0
        )
        lines[f"if {b.name} is in the primary's log, the primary has it, if it is up"] = z3.Not(
            z3.And(_is_logged(view, setting, b), behind)
        )
    return lines


def one_of_a_room(view: Replicas, setting: Setting) -> Lines:
    """Return why there is one booking of a room at most, where there is one log (``:unique``)."""
    up, (one, other) = own(setting.up(2)), _held(setting).values()
    return {
        "no replica has both bookings": view.count({one: HAS_IT, other: HAS_IT}) == 0,
        "no two live replicas have different bookings": z3.Or(
            view.count({one: HAS_IT, up: (True,)}) == 0, view.count({other: HAS_IT, up: (True,)}) == 0
        ),
    }


def in_order(view: Replicas, setting: Setting) -> Lines:
    """Return that standbys receive what is in the primary's log, in its order, so that one of them has the most."""
    up, lines = own(setting.up(2)), dict[str, z3.BoolRef]()
    for b, held in _held(setting).items():
        has_it = view.primaries({held: HAS_IT, up: (True,)}) == 1
        lines[f"if the primary is up and has {b.name}, it is in its log"] = z3.Implies(
            has_it, _is_logged(view, setting, b)
        )
    for (b, held), (other, of_other) in permutations(_held(setting).items(), 2):
        skipped = view.count({held: ("nothing",), of_other: HAS_IT, up: (True,)}) == 0
        places = [(one, two) for one in setting.timestamps[1:] for two in setting.timestamps[one + 1 :]]
        earlier = [
            z3.And(view.is_(setting.place(b).name, one), view.is_(setting.place(other).name, two))
            for one, two in places
        ]
        lines[f"no live replica has {other.name} and lacks {b.name}, if that is in the log before it"] = z3.Implies(
            z3.And(_is_logged(view, setting, b), z3.Or(earlier)), skipped
        )
    first, second = _held(setting).values()
    lines["of two live replicas one has all that the other has"] = z3.Or(
        view.count({first: HAS_IT, second: ("nothing",), up: (True,)}) == 0,
        view.count({second: HAS_IT, first: ("nothing",), up: (True,)}) == 0,
    )
    return lines


def shown_is_kept(view: Replicas, setting: Setting) -> Lines:
    """Return that a replica keeps the latest booking that it shows, and knows the latest that it has received."""
    lines: Lines = {}
    for b, held in _held(setting).items():
        stored, received = own(setting.stored(b.room, 2)), own(setting.received(b.room, 2))
        kept = [
            z3.Implies(
                view.is_(setting.timestamp(b).name, at),
                z3.And(
                    view.count({held: ("shown",), stored: range(at)}) == 0,
                    view.count({held: ("nothing", "received"), stored: (at,)}) == 0,
                    view.count({held: HAS_IT, received: range(at)}) == 0,
                    view.count({held: ("nothing",), received: (at,)}) == 0,
                ),
            )
            for at in setting.timestamps[1:]
        ]
        lines[f"a replica keeps {b.name} or a later booking just if it shows it"] = z3.And(kept)
    return lines


def _one_primary(view: Replicas) -> Lines:
    is_up = view.count({"leads": (True,), "up": (True,)})
    return {
        "there is one primary, and that it is up is known": z3.And(
            view.count({"leads": (True,)}) == 1, z3.If(view.is_("primary up", True), 1, 0) == is_up
        )
    }


def _held(setting: Setting) -> dict[Call, str]:
    return {b: own(setting.held(b, 2)) for b in setting.bookings}


def _is_logged(view: Replicas, setting: Setting, booking: Call) -> z3.BoolRef:
    logged = view.is_(f"logged {booking.name}", True) if setting.fault.failover else z3.BoolVal(val=True)
    return z3.And(logged, z3.Not(view.is_(setting.place(booking).name, 0)))


def _is_acked(view: Replicas, setting: Setting, booking: Call) -> z3.BoolRef:
    return view.is_(setting.call(booking).name, "acked")
