"""Theorems and their proofs as JSON."""

from __future__ import annotations

from overbooked.checker.documents import json_document
from overbooked.checker.proving.theorem import Judged, Proof
from overbooked.checker.theorems.catalogue import GROUPS, Proving
from overbooked.checker.theorems.cross_check import Agreement


def as_json(found: Proving, seconds: float) -> str:
    """Return what was found as one JSON document, a line for each theorem and each pair."""
    return json_document(
        finished=found.finished,
        out_of_memory=found.out_of_memory,
        seconds=round(seconds, 3),
        groups=GROUPS,
        theorems=[_theorem(each) for each in found.judged],
        agreement=[_row(each) for each in found.agreement],
    )


def _theorem(judged: Judged) -> dict[str, object]:
    theorem, proof, seconds = judged
    return {
        "name": theorem.name,
        "group": theorem.group,
        "statement": theorem.said.words,
        "when": theorem.said.when or None,
        "symbols": theorem.said.symbols,
        "covers": theorem.covers,
        "how": theorem.how,
        "weakens": theorem.weakens,
        "asked": theorem.asked,
        "verdict": proof.verdict,
        "expected": theorem.expected,
        "as_expected": judged.as_expected,
        "seconds": round(seconds, 3),
        **_proof(proof),
    }


def _proof(proof: Proof) -> dict[str, object]:
    """Return what was found beside the verdict."""
    plain = ("counterexample", "brief", "case", "run", "examples", "invariant", "wrong")
    return {name: getattr(proof, name) for name in plain} | {"parts": [part._asdict() for part in proof.parts]}


def _row(row: Agreement) -> dict[str, object]:
    return {
        "replicas": row.replicas,
        "write": row.write,
        "read": row.read,
        "explored": row.explored,
        "proved": row.proved,
        "explored_length": row.length,
        "proved_length": row.proved_length,
        "agrees": row.agrees,
        "wrong": row.wrong,
    }
