"""What is held against the spec, as it was asked for, and the command that asks for one program alone."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.implementation import Names
from overbooked.checker.conformance.loader import names_of
from overbooked.checker.traces.names import USUAL_REPLICAS


class Tested(NamedTuple):
    """What was held against the spec, as it was asked for: app server, storage, and whether in every order."""

    app: str | None
    over: str
    orders: bool

    @property
    def names(self) -> Names:
        """What app server and storage are called in a sentence."""
        return names_of(self.app, self.over)

    def command(self, cell: Cell) -> str:
        """Return the command that shows how one program conforms or differs."""
        asked = {
            "--fault": None if cell.fault == "none" else cell.fault,
            "--replicas": None if cell.replicas == USUAL_REPLICAS else cell.replicas,
            "--over": None if self.over == "memory" else self.over,
            "--app": self.app,
        }
        more = "".join(f" {name} {value}" for name, value in asked.items() if value is not None)
        more += " --orders" * self.orders
        return f"overbooked conform --write {cell.write} --read {cell.read} --guarantee {cell.guarantee}{more}"
