"""Who an object belongs to: patients with their identifiers, merges, corrections laid over studies, quality tasks."""
