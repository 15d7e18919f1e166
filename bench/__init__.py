"""The bench: Isocenter beside its peers, in one run, at equal durability (docs/performance.md).

Run as `python -m bench`. It makes its own data, starts every server fresh, and also kills them
(`python -m bench faults`).
"""
