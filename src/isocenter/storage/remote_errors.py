"""What an object store beyond this machine answers with when something is wrong, in our words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from obstore import exceptions as obstore_errors

from isocenter.kit.errors import IsocenterError
from isocenter.storage.errors import NoSuchObject, ObjectExists, StorageFull, StoreAway

_STATUS = re.compile(r"status code: ([0-9]{3})")
_FULL: Final = re.compile(
    r"status code: (507|413)|<Code>\w*(Quota|StorageFull|EntityTooLarge|InsufficientStorage)\w*</Code>"
)
_NO_S3: Final = re.compile(r"performing (GET|PUT|POST|DELETE) (?s:.*)status code: 404(?!(?s:.*)<Code>NoSuch)")
_MAX_TEXT: Final = 65536


@contextlib.contextmanager
def store_errors(key: str) -> Iterator[None]:
    """What obstore raises, as NoSuchObject, ObjectExists, StorageFull or StoreAway with `cause`, one of refused,
    no-bucket, time-out, unreachable, server-error. What the store wrote stays out of it: it may repeat the address.
    """
    try:
        yield
    except (FileNotFoundError, obstore_errors.BaseError) as error:
        raise _in_our_words(error, str(error)[:_MAX_TEXT], key) from None


def _in_our_words(error: Exception, text: str, key: str) -> IsocenterError:
    if "<Code>NoSuchBucket</Code>" in text:
        return StoreAway("The store has no such bucket: make it, or correct the URL.", key=key, cause="no-bucket")
    if _NO_S3.search(text):  # a proxy's 404 says nothing about an object
        return StoreAway("What answers at the endpoint is no S3 store.", key=key, cause="server-error", status=404)
    if isinstance(error, FileNotFoundError | obstore_errors.NotFoundError):
        return NoSuchObject("The store has no such object.", key=key)
    if isinstance(error, obstore_errors.AlreadyExistsError):
        return ObjectExists("The store already has an object under this key.", key=key)
    if _FULL.search(text):
        return StorageFull("The object store has no room for this object.", key=key)
    status = _STATUS.search(text)
    if status is not None and status[1] in ("401", "403"):
        message = "The object store refuses us: check its credentials, its rules and our clock."
        return StoreAway(message, key=key, cause="refused")
    if status is not None:
        message = "The object store did not answer as it should."
        return StoreAway(message, key=key, cause="server-error", status=int(status[1]))
    if "timed out" in text or "TimedOut" in text:
        return StoreAway("The object store is silent.", key=key, cause="time-out")
    return StoreAway("The object store cannot be reached.", key=key, cause="unreachable")
