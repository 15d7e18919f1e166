"""Sharing between institutions: alliances of the region, rules by which one gives to another, doors open to a caller.

Nothing is shared by default: a study is seen by an ally only through a rule of the institution that owns it.
"""
