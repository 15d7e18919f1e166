"""`python -m bench.all_powerful INSTITUTION`: a web process in which everybody is one of our own jobs, to measure."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import cast

from isocenter.access.caller import system_caller
from isocenter.adapters.web.authentication import Authenticator, Identity
from isocenter.apps import web
from isocenter.apps.settings_from_environment import settings_from_environment


class _Everybody:
    """Stands where secrets are looked up."""

    def __init__(self, institution_id: int) -> None:
        self._identity = Identity(system_caller(institution_id, "bench"), None)

    def identity(self, secret: str, *, bearer: bool, attended: bool = True) -> Identity:  # noqa: ARG002
        return self._identity

    def forget_all(self) -> None:
        """Nothing is remembered."""


def main(institution_id: int) -> int:
    """Serve until SIGTERM."""
    settings = settings_from_environment()
    whole = web.application

    def application(*arguments: object, **named: object) -> object:
        app = whole(*arguments, **named)  # type: ignore[arg-type]
        everybody = cast("Authenticator", _Everybody(institution_id))
        app.state.parts = replace(app.state.parts, authenticator=everybody)
        return app

    web.application = application  # type: ignore[assignment]
    listening = socket.create_server((settings.http_host, settings.http_port), backlog=1024)
    return web.run(settings, number=9, socket_fd=listening.detach())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
