"""How long an app server waits: before it tries again, and until a call has taken too long."""

from __future__ import annotations

import asyncio
import random

_FIRST_RETRY = 0.02
_LAST_RETRY = 1.0


class Waiting:
    """The waiting half of a clock; with ``patience``, calls take so many seconds at most."""

    def __init__(self, patience: float | None = None) -> None:
        self._patience = patience

    async def until_retry(self, attempt: int) -> None:
        """Return after a pause: short at first, twice as long with each attempt, a second at most.

        Up to half of it is left out, by chance, so that those who failed together do not try again together.
        """
        pause = min(_FIRST_RETRY * 2 ** min(attempt - 1, 10), _LAST_RETRY)
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret

    async def until_too_late(self) -> None:
        """Return when patience is at its end; without patience, never."""
        if self._patience is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(self._patience)

    async def close(self) -> None:
        """Nothing is held."""
