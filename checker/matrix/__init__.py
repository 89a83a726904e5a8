"""The matrix: each way to write by each way to read, under each fault, for each guarantee, and its verdict."""
