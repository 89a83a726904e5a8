"""How one proves: z3, sets of any size, models of any number of members, and a model's own steps as formulas.

Nothing here knows of hotels.
"""
