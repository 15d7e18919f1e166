"""The archive: receive, keep, seal, erase. Not the read path (delivery) and not the doors (adapters)."""
