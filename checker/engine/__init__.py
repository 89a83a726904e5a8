"""The search: every reachable state of models in the spec's language, their verdicts, and the runs that show them.

It knows the language, and nothing of hotels.
"""
