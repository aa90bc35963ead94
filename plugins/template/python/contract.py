"""The border of the plugin: what the contract's records need beside what you know, and exceptions that nobody caught.

Without `guarded`, such an exception would reach the host as a trap without words. What a function raises on purpose (`failure`,
`refused`) goes through. Anything else is a mistake of this plugin: it is logged with level `error` and its place, and becomes a
failure whose message the host shows. `describe` and `validate` cannot answer with a failure; there the host shows the logged line
as the cause.
"""

import dataclasses
import functools
import traceback
import typing

from componentize_py_types import Err
from wit_world.imports import log
from wit_world.imports import types as wit

MOST = 1000  # bytes of a failure's message are 1,024


def record(kind, **known):
    """A record of the contract of which these fields are known: the others are `None`, or an empty list."""
    unknown = {
        field.name: [] if typing.get_origin(field.type) is list else None
        for field in dataclasses.fields(kind)
        if field.name not in known
    }
    return kind(**known, **unknown)


def failure(category: str, message: str) -> Err:
    """To be raised by `plan` and `normalize`; `category` as in wit/v0.1/types.wit, such as "bad-answer"."""
    of = wit.FailureCategory[category.replace("-", "_").upper()]
    return Err(record(wit.Failure, category=of, message=cut(message)))


def refused(pointer: str, message: str) -> Err:
    """To be raised by `validate`: what is wrong where (a JSON Pointer, "" for the identifier), and what would be right."""
    return Err([wit.Problem(pointer, cut(message))])


def whole(text: str) -> str:
    """Without lone surrogates, which JSON may hold and the contract may not."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cut(text: str) -> str:
    return whole(text).encode()[:MOST].decode(errors="ignore")


def guarded(call):
    """A function of the plugin with its exceptions caught."""

    @functools.wraps(call)
    def attempt(*given):
        try:
            return call(*given)
        except Err:
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            words = "".join(traceback.format_exception_only(error)).strip()
            message = cut(f"{call.__name__}: {words} ({place.filename}:{place.lineno})")
            log.line(log.Level.ERROR, message)
            if call.__name__ in ("plan", "normalize"):
                raise failure("other", message) from error
            raise

    return attempt
