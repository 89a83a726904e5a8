"""What is to be cheap before all else, when one chooses."""

from __future__ import annotations

PREFERENCES = ("latency", "reads", "messages")
"""A booking and a check after it; a check; or the messages that both take."""
