"""The source's claims, judged: each by the cells, theorems, times and counts that the spec names for it."""
