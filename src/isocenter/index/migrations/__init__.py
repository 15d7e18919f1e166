"""The history of the schema, as Alembic migrations run by `isocenter.index.migrate`."""
