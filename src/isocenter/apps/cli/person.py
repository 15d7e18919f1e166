"""Somebody at the command line as herself: user name, password, second factor, as the web page asks for them.

Reading the home is enough to administer it, not to decide in a person's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller
from isocenter.access.sealed_secrets import sealing_key_of
from isocenter.access.sessions import Session, Stage, complete_session, session_of, sign_in, sign_out
from isocenter.access.sign_in.errors import SecondFactorMissing
from isocenter.access.sign_in.factors import Factor, show_code
from isocenter.apps.cli.running import Running

_ADDRESS, _AGENT = "127.0.0.1", "isocenter command line"
_APP_DIGITS = 6


@contextmanager
def person(running: Running, username: str) -> Iterator[Caller]:
    """She, asked for what opens her account, as the caller of verbs; signed out at the end.

    Raises BadCredentials, WrongCode, TooManyAttempts; SecondFactorMissing when she has to set one up first, or has none
    that can be typed.
    """
    attempts = SignInAttempts(running.database)
    password = typer.prompt(f"Password of {username}", hide_input=True, err=True)
    _, secret = sign_in(running.database, attempts, username, password, address=_ADDRESS, user_agent=_AGENT)
    session = _session(running, secret)
    if session.stage is Stage.SET_UP:
        raise SecondFactorMissing("Set up a second factor at the web page first.")
    if session.stage is Stage.SECOND_FACTOR:
        _show_code(running, attempts, session)
        secret = complete_session(running.database, session, secret, address=_ADDRESS, user_agent=_AGENT)
        session = _session(running, secret)
    try:
        yield session.caller
    finally:
        sign_out(running.database, session, secret)


def _show_code(running: Running, attempts: SignInAttempts, session: Session) -> None:
    code = str(typer.prompt("Code of the authenticator app, or a recovery code", hide_input=True, err=True)).strip()
    factor = Factor.AUTHENTICATOR_APP if len(code) == _APP_DIGITS and code.isdecimal() else Factor.RECOVERY_CODE
    key = sealing_key_of(running.settings.home)
    show_code(running.database, key, attempts, session, factor, code, address=_ADDRESS, device="")


def _session(running: Running, secret: str) -> Session:
    session = session_of(running.database, secret)
    if session is None:
        raise SecondFactorMissing("The account was closed meanwhile.")
    return session
