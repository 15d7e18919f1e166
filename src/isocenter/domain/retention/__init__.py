"""How long studies are kept by law, and how they are destroyed afterwards: proposed, approved twice, certified."""
