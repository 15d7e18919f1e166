"""The other nodes of the region: their journals read, ours copied to them (docs/formats.md, "Node protocol")."""
