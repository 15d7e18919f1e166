"""Two hospitals on one Isocenter, and everybody who might ask: each role at each, a stranger, and nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.conftest import TEMPLATE, an_institution, new_database
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.access.sessions import open_session
from isocenter.access.users import create_user
from isocenter.adapters.web.authentication import COOKIE, Authenticator, Identity
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.web import application
from isocenter.apps.wiring import open_archive, open_bytes, open_library
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file

PASSWORD = "orchid lamp river nine"
STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.1", "1.2.3.1.1"
"""Of the first hospital."""


@dataclass
class Everybody:
    """Stands where the web process looks up who asks: a secret is the name of a caller."""

    real: Authenticator
    known: dict[str, Identity] = field(default_factory=dict)

    def identity(self, secret: str, *, bearer: bool, attended: bool = True) -> Identity | None:
        return self.known.get(secret) or self.real.identity(secret, bearer=bearer, attended=attended)

    def forget_all(self) -> None:
        """Nothing is remembered."""


@dataclass
class Region:
    """Two hospitals; the first holds one study of one CT slice, the second holds nothing.

    person: the session secret of somebody who is signed in at the first.
    """

    app: FastAPI
    client: TestClient
    everybody: Everybody
    hospitals: tuple[int, int]
    person: str

    def program(self, at: int, *roles: Role) -> str:
        """The bearer token of a program with these roles at hospital 0 or 1."""
        name = f"program-{at}-{'-'.join(roles)}"
        caller = Caller(CallerKind.PROGRAM, name, self.hospitals[at], roles, "today")
        self.everybody.known[name] = Identity(caller, None)
        return name

    def ask(self, method: str, url: str, secret: str | None, body: Any = None, **headers: str) -> Any:
        """What the door answers; secret None asks as nobody."""
        sent = dict(headers)
        if secret == self.person:
            sent |= {"Cookie": f"{COOKIE}={secret}", "X-Isocenter": "1"}
        elif secret is not None:
            sent["Authorization"] = f"Bearer {secret}"
        if isinstance(body, bytes):
            return self.client.request(method, url, content=body, headers=sent)
        return self.client.request(method, url, json=body, headers=sent)


@pytest.fixture(scope="module")
def region(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """The whole web application, with everybody known to it. One for all: it is asked, hardly ever told."""
    home = tmp_path_factory.mktemp("region")
    make_key_file(home / "secrets" / "facts.key")
    settings = Settings(home=home)
    with ExitStack() as stack:
        url = stack.enter_context(contextmanager(new_database)(postgres, TEMPLATE))
        database = stack.enter_context(closing(Database(url)))
        first, second = an_institution(database, "First"), an_institution(database, "Second")
        data = open_bytes(settings)
        archive = stack.enter_context(open_archive(settings, database, data))
        caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", first.institution_id, (Role.MODALITY,))
        hospital = Hospital(archive, caller, database, home)
        hospital.store(a_ct_slice(study=STUDY, series=SERIES), uid=INSTANCE)
        library = stack.enter_context(open_library(database, data))
        app = application(settings, database, archive, library)
        everybody = Everybody(app.state.parts.authenticator)
        app.state.parts = replace(app.state.parts, authenticator=everybody)
        client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
        yield Region(app, client, everybody, (first.institution_id, second.institution_id), _signed_in(hospital))


def _signed_in(hospital: Hospital) -> str:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        user = create_user(
            connection,
            hospital.caller.institution_id,
            username="somebody",
            display_name="Somebody",
            roles=(Role.RADIOLOGIST,),
            password=PASSWORD,
            language="en",
            given_by="test",
        )
    return open_session(hospital.database, user, address="127.0.0.1", user_agent="", second_factor=True)
