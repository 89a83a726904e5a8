"""Choosing: what is needed, what may fail, and the cheapest ways to write and to read that give it."""
