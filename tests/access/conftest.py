"""A hospital with four studies, for tests of what may be seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.index.builders import a_row, an_instance

from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database


@pytest.fixture
def hospital(database: Database, institution: Institution) -> Iterator[Institution]:
    """Three studies of three patients: A1 CT of 2024, A2 MR of 2024, A3 CT of 2020; A4 has no patient ID."""
    instances = [
        an_instance(1),
        an_instance(2, modality="MR"),
        an_instance(3, study_date="20200101"),
        an_instance(4, patient_id=None),
    ]
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(one, institution.institution_id) for one in instances])
    yield institution
    ingest.close()
