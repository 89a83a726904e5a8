"""The reference held against the spec: the same steps are possible, and they do the same.

The reference runs as it is, over ports that hold back each message until it is its turn.
"""
