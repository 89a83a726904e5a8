"""Orders that the spec's state does not tell: in which replicas answered a check, or confirmed a booking.

An app server may keep them. With them in the state, each step is taken after every such order.
"""

from __future__ import annotations

from itertools import permutations

from overbooked.spec.language import Change, Field, Model, Part, Step, Value, part
from overbooked.spec.setting import Setting

_NOTED = {"sample", "confirm"}
_RESTARTING = {"restart", "node-crash"}


def note(order: str, replica: str) -> Change:
    """One more replica was heard."""
    return {"order": f"{order} {replica}".strip()}


def begin_anew(order: str) -> Change:  # noqa: ARG001 - a role that is only written
    """The app server that heard them is no more."""
    return {"order": ""}


def with_orders(model: Model, setting: Setting) -> Model:
    """Return the model with a field for each call that has the order in which replicas were heard.

    Cost: a state for each order; over three replicas there are 16 of them, over five 326, for each call.

    >>> from overbooked.checker.cells import Cell
    >>> from overbooked.spec.guarantees import GUARANTEES
    >>> from overbooked.spec.system import model
    >>> cell = Cell("serial-sync", "quorum", 3, "none", "checking-availability")
    >>> with_orders(model(cell.setting, GUARANTEES[cell.guarantee]), cell.setting).fields[-1].domain[3:6]
    ('db3', 'db1 db2', 'db1 db3')
    """
    orders: dict[Value, Field] = {call.name: _order(setting, call.name) for call in setting.calls}
    return model._replace(
        fields=(*model.fields, *orders.values()),
        steps=tuple(each._replace(parts=(*each.parts, *_added(each, orders))) for each in model.steps),
    )


def _order(setting: Setting, call: str) -> Field:
    names = [f"db{i}" for i in setting.numbers]
    domain = (" ".join(heard) for count in range(len(names) + 1) for heard in permutations(names, count))
    return Field(f"order {call}", tuple(domain), "")


def _added(step: Step, orders: dict[Value, Field]) -> list[Part]:
    about = dict(step.about)
    if step.name in _NOTED:
        return [part(note, order=orders[about["call"]], replica=about["replica"])]
    return [part(begin_anew, order=order) for order in orders.values()] if step.name in _RESTARTING else []
