"""The hotel's app server as one would build it: asyncio, over ports for replicas, log and clock. SQLite by default."""
