"""The border of the plugin: what the contract's records need beside what you know, and exceptions that nobody caught.

Without `guarded`, such an exception would reach the host as a trap without words. What a function raises on purpose (`failure`,
`refused`) goes through. Anything else is a mistake of this plugin: it is logged with level `error` and its place, and becomes a
failure whose message the host shows. `describe` and `validate` cannot answer with a failure; there the host shows the logged line
as the cause.

There is no file to read at run time: what a module needs has to be imported at its top, which happens when the component is built.
Some of the library imports or opens files late (`traceback`, and codecs other than UTF-8), and would end the call.
"""

import dataclasses
import functools
import re
import typing

from componentize_py_types import Err
from wit_world.imports import log
from wit_world.imports import types as wit

MOST = 1000  # bytes of a failure's message are 1,024


def record(of, /, **known):
    """A record of the contract of which these fields are known: the others are `None`, or an empty list."""
    unknown = {
        field.name: [] if typing.get_origin(field.type) is list else None
        for field in dataclasses.fields(of)
        if field.name not in known
    }
    return of(**known, **unknown)


def failure(category: str, message: str) -> Err:
    """To be raised by `plan` and `normalize`; `category` as in wit/v0.1/types.wit, such as "bad-answer"."""
    word = wit.FailureCategory[category.replace("-", "_").upper()]
    return Err(record(wit.Failure, category=word, message=cut(message)))


def refused(pointer: str, message: str) -> Err:
    """To be raised by `validate`: what is wrong where (a JSON Pointer, "" for the identifier), and what would be right."""
    return Err([wit.Problem(pointer, cut(message))])


LONE = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Without lone surrogates, which JSON may hold and the contract may not."""
    return LONE.sub("\ufffd", text)


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
            place = error.__traceback__
            while place.tb_next is not None:
                place = place.tb_next
            file = place.tb_frame.f_code.co_filename
            message = cut(f"{call.__name__}: {type(error).__name__}: {error} ({file}:{place.tb_lineno})")
            log.line(log.Level.ERROR, message)
            if call.__name__ in ("plan", "normalize"):
                raise failure("other", message) from error
            raise

    return attempt
