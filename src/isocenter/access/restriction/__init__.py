"""Restriction: patients whom few may see (VIP, staff), who share with no ally, whose data are held; care; broken glass.

Row-level security holds what is written down here (migration 0014, `access.sight`).
"""
