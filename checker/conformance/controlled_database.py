"""The database that replicates by itself, held: each of its steps waits until it is taken."""

from __future__ import annotations

from overbooked.checker.conformance.blame import blame_storage
from overbooked.checker.conformance.environment import Environment
from overbooked.reference.ports import Node, Storage
from overbooked.reference.replication import Action, ReplicatedDatabase, Replication
from overbooked.spec.setting import Setting


class ControlledDatabase:
    """A primary and its standbys, which outlive the app server; their steps are called as in the spec.

    Raises :class:`TypeError` when the storage has no replicas that replicate by themselves.
    """

    def __init__(self, setting: Setting, storage: Storage, stage: Environment) -> None:
        node = getattr(storage, "node", None)
        if not callable(node):
            needs = f"which {setting.write.name} needs: reference/ports.py says what it does"
            error = TypeError(f"this storage has no node(number), {needs}")
            blame_storage(error, getattr(storage, "theirs", storage))
            raise error
        self._stage = stage
        self._known: dict[str, Action] = {}
        self._seen = -1
        self.nodes: list[Node] = [node(i) for i in setting.numbers]
        write = setting.write
        replication = Replication(write.needed, write.on_receipt, write.unique, setting.fault.failover)
        self.database = ReplicatedDatabase(self.nodes, replication)

    def possible(self) -> set[str]:
        """Return the steps that can be taken now."""
        if self._seen != self.database.changes:
            self._seen = self.database.changes
            found = self._stage.loop.at_once(self.database.possible())
            self._known = {self._label(action): action for action in found}
        return {*self._known, *self._samples()}

    @property
    def on_their_way(self) -> list[str]:
        """The calls whose writes have been sent to the primary, and have not come to it."""
        return [self._stage.call_of(booking.timestamp) for booking in self.database.on_their_way]

    def lose(self, call: str) -> None:
        """Let the write of a call, which is on its way, never come to the primary."""
        self.database.lose(next(it for it in self.database.on_their_way if self._stage.call_of(it.timestamp) == call))

    def take(self, label: str) -> bool:
        """Take a step that was said to be possible; return whether another replica is the primary then."""
        before = self.database.primary
        samples = self._samples()
        if label in samples:
            self._stage.of_primary.pop(samples[label]).set_result(None)
        else:
            self._stage.loop.at_once(self.database.take(self._known[label]))
        return self.database.primary != before

    def _samples(self) -> dict[str, str]:
        """Return the calls that the primary may answer now, by the label of that step."""
        primary = self.database.primary
        asked = self._stage.of_primary if self._stage.up[primary] else ()
        may_go_on = [call for call in asked if self._stage.now(self._stage.late_enough[call])]
        return {f"sample {call} db{primary}": call for call in may_go_on}

    def _label(self, action: Action) -> str:
        call = [self._stage.call_of(action.booking.timestamp)] if action.booking else []
        return " ".join([action.kind, *call, f"db{action.replica}"])
