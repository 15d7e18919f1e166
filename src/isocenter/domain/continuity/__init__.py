"""Going on after a loss: the second site, promotion and fencing, drills, backup, restore, rebuilding the index."""
