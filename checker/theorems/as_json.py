"""Theorems and their proofs as JSON."""

from __future__ import annotations

from overbooked.checker.documents import json_document
from overbooked.checker.proving.theorem import Judged
from overbooked.checker.theorems.catalogue import Proving
from overbooked.checker.theorems.cross_check import Agreement


def as_json(found: Proving) -> str:
    """Return what was found as one JSON document, a line for each theorem and each pair."""
    theorems, rows = [_theorem(each) for each in found.judged], [_row(each) for each in found.agreement]
    return json_document(finished=found.finished, out_of_memory=found.out_of_memory, theorems=theorems, agreement=rows)


def _theorem(judged: Judged) -> dict[str, object]:
    theorem, proof, seconds = judged
    return {
        "name": theorem.name,
        "group": theorem.group,
        "statement": theorem.said.words,
        "symbols": theorem.said.symbols,
        "covers": theorem.covers,
        "weakens": theorem.weakens,
        "verdict": proof.verdict,
        "expected": theorem.expected,
        "seconds": round(seconds, 3),
        "counterexample": proof.counterexample,
        "examples": proof.examples,
        "wrong": proof.wrong,
        "parts": [part._asdict() for part in proof.parts],
    }


def _row(row: Agreement) -> dict[str, object]:
    return {
        "replicas": row.replicas,
        "write": row.write,
        "read": row.read,
        "explored": row.explored,
        "proved": row.proved,
        "explored_length": row.length,
        "proved_length": row.proved_length,
        "wrong": row.wrong,
    }
