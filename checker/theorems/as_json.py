"""Theorems and their proofs as JSON."""

from __future__ import annotations

import json

from overbooked.checker.proving.theorem import Judged
from overbooked.checker.theorems.agreement import Agreement
from overbooked.checker.theorems.catalogue import Proving


def as_json(found: Proving) -> str:
    """Return what was found as one JSON document, a line for each theorem and each pair."""
    theorems = ",\n".join("  " + json.dumps(_theorem(each), ensure_ascii=False) for each in found.judged)
    rows = ",\n".join("  " + json.dumps(_row(each)) for each in found.agreement)
    finished = json.dumps(found.finished)
    return f'{{"schema": 1, "finished": {finished}, "theorems": [\n{theorems}\n], "agreement": [\n{rows}\n]}}'


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
