"""`isocenter certificate-of-destruction`: the certificate of what was erased, for programs or to print."""

from __future__ import annotations

from pathlib import Path

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import caller_in, running_isocenter
from isocenter.apps.cli.terminal import complain, tell_json


def show_certificate(study: str, instance: str, page: Path | None, institution: str) -> int:
    """Print it as JSON, or write the page; the exit code. Raises NothingErased."""
    from isocenter.adapters.web.certificate_page import certificate_page
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.archive.destruction_certificate import destruction_certificate, instance_certificate
    from isocenter.domain.archive.erase import facts_key_path

    with running_isocenter() as running:
        store = open_object_store(running.settings, running.database)
        arguments = (caller_in(running, institution), running.database, store, facts_key_path(running.settings.home))
        if instance:
            found = instance_certificate(*arguments, study, instance)
        else:
            found = destruction_certificate(*arguments, study)
    if page is not None:
        page.write_text(certificate_page(found), encoding="utf-8")
    else:
        tell_json(found.content | {"signature": found.signature})
    for each in found.remaining:
        complain(each)
    return 0 if found.complete else SOME_REFUSED
