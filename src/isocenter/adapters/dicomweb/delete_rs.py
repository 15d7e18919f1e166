"""DELETE of a study: ours, for the standard has none. It is hidden at once and can be restored until a stated day.

Series and instances are not deleted one by one: a rejection note (IHE IOCM, RAD-66) hides them and says why.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

import msgspec

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.delivery.library import Library
from isocenter.domain.archive.deletions import Deletions

MAX_REASON_CHARACTERS = 200
NO_REASON = "deleted-through-dicomweb"


@dataclass(frozen=True, slots=True)
class DeleteDoor:
    """The delete service of one process. executor: threads that wait for the database."""

    deletions: Deletions
    library: Library
    executor: Executor

    async def delete(self, request: DicomwebRequest) -> Answer:
        """DELETE /studies/{study}?reason=…: {"recoverable_until": …}."""
        reason = dict(request.query()).get("reason", "") or NO_REASON
        if len(reason) > MAX_REASON_CHARACTERS:
            raise BadParameter("The reason is too long.", limit=MAX_REASON_CHARACTERS)
        loop = asyncio.get_running_loop()
        until = await loop.run_in_executor(self.executor, self._delete, request, reason)
        body = msgspec.json.encode({"recoverable_until": until})
        return Answer(media_type=b"application/json", body=body)

    def _delete(self, request: DicomwebRequest, reason: str) -> str:
        uid = request.study_instance_uid
        until = self.deletions.delete(request.caller, uid, reason=reason)
        self.library.forget(request.caller.institution_id, uid)
        return until.isoformat()
