"""Claims with their verdicts."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal, NamedTuple, TypeAlias

from overbooked.checker.claims.grounds import Found, Grounds
from overbooked.spec.claims import Claim, claims

Word: TypeAlias = Literal["holds", "holds when", "refuted", "measured", "not judged", "unknown"]


class JudgedClaim(NamedTuple):
    """A claim, its verdict, and what was found of the grounds that make it."""

    claim: Claim
    verdict: Word
    evidence: tuple[Found, ...]

    @property
    def brief(self) -> str:
        """The verdict on a line, with its condition."""
        return f"holds when {self.claim.when}" if self.verdict == "holds when" else self.verdict


def judged() -> Generator[JudgedClaim, None, None]:
    """Yield every claim with its verdict.

    One holds, or is measured where it is about a figure, when all that it says is so. Otherwise it holds under its
    condition, if that is shown to be exact; and it is refuted where it has none. Where a condition is not what the spec
    says, that is ``unknown``: one of the two is wrong.
    """
    every = claims()
    grounds = Grounds(ground for claim in every for ground in (*claim.says, *claim.only_then))
    for claim in every:
        yield _judged(claim, grounds)


def _judged(claim: Claim, grounds: Grounds) -> JudgedClaim:
    if not claim.says:
        return JudgedClaim(claim, "not judged", ())
    said = tuple(grounds.found(ground) for ground in claim.says)
    if all(found.is_so for found in said):
        return JudgedClaim(claim, "measured" if claim.is_figure else "holds", said)
    against = tuple(found for found in said if not found.is_so)
    if not claim.when:
        return JudgedClaim(claim, "refuted", against)
    then = tuple(grounds.found(ground) for ground in claim.only_then)
    if all(found.is_so for found in then):
        return JudgedClaim(claim, "holds when", tuple({found.words: found for found in (*against[:1], *then)}.values()))
    return JudgedClaim(claim, "unknown", tuple(found for found in then if not found.is_so))
