"""A guarantee as it is broken by runs in which what may fail does fail."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.guarantees import Guarantee
from overbooked.spec.language import Case, Part, part
from overbooked.spec.setting import Setting


def in_faulty_runs(guarantee: Guarantee) -> Guarantee:
    """Return the guarantee, which is now broken only by runs in which each fault of the setting happens at least once.

    A replica-crash, say, is no cause of a stale read that happens without one; with this there is one all the same.
    """
    return guarantee._replace(broken=lambda setting: _in_faulty(setting, guarantee.broken(setting)))


def _in_faulty(setting: Setting, cases: Iterator[Case]) -> Iterator[Case]:
    faults = tuple(_each_happens(setting))
    for each in cases:
        yield each._replace(parts=(*each.parts, *faults))


def _each_happens(setting: Setting) -> Iterator[Part]:
    for times, left in setting.faults_left():
        yield part(has_happened, left=left, times=times)
    if setting.fault.failover:
        yield part(has_taken_over, leads=setting.leads(1))


def has_happened(left: int, times: int) -> bool:
    """Fewer of them are left than there were."""
    return left < times


def has_taken_over(leads: bool) -> bool:
    """The first primary is the primary no more."""
    return not leads


def can_happen(setting: Setting) -> bool:
    """Return whether there is a fault in this setting that happens in some step."""
    return any(_each_happens(setting))
