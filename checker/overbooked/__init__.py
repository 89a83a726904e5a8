"""Shows what can go wrong with every way to write and read replicated data.

``overbooked.spec`` is what is meant, ``overbooked.reference`` how one builds it, ``overbooked.checker`` what holds.
"""
