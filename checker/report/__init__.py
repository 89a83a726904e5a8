"""The report: one HTML file with the table, every run in it, and a place to explore, which needs nothing else."""
