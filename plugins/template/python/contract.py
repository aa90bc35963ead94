"""The border of the plugin: what the contract's records need beside what you know, and mistakes that nobody caught.

Without `guarded`, an exception or an answer of the wrong shape would reach the host as a trap without words. What a function raises on
purpose (`failure`, `refused`) goes through. Anything else is a mistake of this plugin: it is logged with level `error` and its place,
and becomes a failure whose message the host shows. `describe` and `validate` cannot answer with a failure; there the host shows the
logged line as the cause.

In a call there is no file, no output and nothing left to import. What is printed goes into the log of the run; `open`, and an import of
what is not in the component, raise an exception that says so. What a module needs has to be imported at its top, which happens when
the component is built.
"""

import builtins
import dataclasses
import difflib
import enum
import functools
import io
import re
import sys
import types
import typing

from componentize_py_types import Err
from wit_world.imports import log
from wit_world.imports import types as wit

MOST = 1000  # bytes of a failure's message are 1,024


def record(of, /, **known):
    """A record of the contract of which these fields are known: the others are `None`, or an empty list."""
    fields = {field.name: field.type for field in dataclasses.fields(of)}
    for name in known:
        if name not in fields:
            raise TypeError(f"{of.__name__} has no field {name!r}{nearest(name, fields)}")
    unknown = {name: [] if typing.get_origin(due) is list else None for name, due in fields.items() if name not in known}
    return of(**known, **unknown)


def nearest(name: str, names) -> str:
    """To be put behind a complaint about a name."""
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"


CATEGORIES = {word.name.lower().replace("_", "-"): word for word in wit.FailureCategory}


def failure(category: str, message: str) -> Err:
    """To be raised by `plan` and `normalize`; `category` as in wit/v0.1/types.wit, such as "bad-answer"."""
    if category not in CATEGORIES:
        raise ValueError(f"there is no category {category!r} of failures{nearest(str(category), CATEGORIES)}")
    return Err(record(wit.Failure, category=CATEGORIES[category], message=cut(message)))


def refused(pointer: str, message: str) -> Err:
    """To be raised by `validate`: what is wrong where (a JSON Pointer, "" for the identifier), and what would be right."""
    return Err([wit.Problem(pointer, cut(message))])


LONE = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Without lone surrogates, which JSON may hold and the contract may not."""
    return LONE.sub("\ufffd", text)


def cut(text: str) -> str:
    return whole(text).encode()[:MOST].decode(errors="ignore")


def shown(value) -> str:
    """A value in a complaint. What is not plain may be long, or have a `repr` that breaks."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"{value[:40]!r}{'...' if len(value) > 40 else ''} ({kind})"
    if isinstance(value, bool | float) or isinstance(value, int) and abs(value) < 1 << 64:
        return f"{value!r} ({kind})"
    return f"of type {kind}"


def text_fault(value):
    if not isinstance(value, str):
        return f" is {shown(value)}; a str is due"
    if not value.isascii() and LONE.search(value):
        return " holds half of a surrogate pair; whole(...) replaces it"
    return None


def count_fault(most, value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        return f" is {shown(value)}; an int from 0 to {most} is due"
    return None


def number_fault(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f" is {shown(value)}; a float is due"
    return None


def bool_fault(value):
    return None if isinstance(value, bool) else f" is {shown(value)}; True or False is due"


def enum_fault(of, value):
    if isinstance(value, of):
        return None
    name = value.upper().replace("-", "_") if isinstance(value, str) else ""
    due = f"wit.{of.__name__}.{name}" if name in of.__members__ else f"one of wit.{of.__name__} ({', '.join(of.__members__)})"
    return f" is {shown(value)}; {due} is due"


def list_fault(one_fault, value):
    if not isinstance(value, list):
        return f" is {shown(value)}; a list is due"
    for number, one in enumerate(value):
        if fault := one_fault(one):
            return f"[{number}]{fault}"
    return None


def records_fault(of, optional, value):
    """`of`: the records that may stand here; several are the cases of a variant."""
    if value is None and optional:
        return None
    if type(value) not in of:
        due = " or ".join([f"wit.{one.__name__}" for one in of] + ["None"] * optional)
        if isinstance(value, Err):
            return f" is a refusal; {due} is due: write `raise` instead of `return`"
        return f" is {shown(value)}; {due} is due"
    for name, plain, fault_of in of[type(value)]:
        held = getattr(value, name)
        if type(held) not in plain and (fault := fault_of(held)):
            return f".{name}{fault}"
    return None


SMALL = {"pass_statuses": 0xFFFF}  # the bindings know int alone; what is no u16 is a u32


@functools.cache
def fields_of(of) -> list:
    """For each field of a record: name, types that are right whatever they hold, and what finds fault with others."""
    found = []
    for field in dataclasses.fields(of):
        due = field.type
        cases = [case for case in (typing.get_args(due) or (due,)) if case is not types.NoneType]
        optional = types.NoneType in typing.get_args(due)
        plain = {types.NoneType} if optional else set()
        found.append((field.name, plain | {bool, float} & set(cases), fault_finder(due, cases, optional, field.name)))
    return found


def fault_finder(due, cases, optional, name):
    """What tells how a value is wrong, as " is 5 (int); a str is due", with the path within the value before it; else `None`."""
    if typing.get_origin(due) is list:
        return functools.partial(list_fault, fault_finder(cases[0], cases, False, name))
    if dataclasses.is_dataclass(cases[0]):
        return functools.partial(records_fault, {case: fields_of(case) for case in cases}, optional)
    if issubclass(cases[0], enum.Enum):
        return functools.partial(enum_fault, cases[0])
    if cases[0] is int:
        return functools.partial(count_fault, SMALL.get(name, 0xFFFF_FFFF))
    if cases[0] is bytes:
        return lambda value: None if isinstance(value, bytes) else f" is {shown(value)}; bytes are due"
    return {str: text_fault, float: number_fault, bool: bool_fault}[cases[0]]


def answer_of(of):
    return fault_finder(of, [of], False, "")


# What each function gives, and what it may refuse with.
ANSWERS = {
    "describe": (answer_of(wit.Manifest), None),
    "validate": (answer_of(wit.Valid), functools.partial(list_fault, answer_of(wit.Problem))),
    "plan": (answer_of(wit.Step), answer_of(wit.Failure)),
    "normalize": (answer_of(wit.Batch), answer_of(wit.Failure)),
}


def checked(fault_of, what: str, value):
    """What the bindings can hand over; their own complaint would be a trap without words."""
    if fault := fault_of(value):
        raise TypeError(fault[1:] if fault.startswith(".") else f"{what}{fault}")
    return value


def guarded(call):
    """A function of the plugin with its mistakes caught."""
    answer_fault, refusal_fault = ANSWERS[call.__name__]

    @functools.wraps(call)
    def attempt(*given):
        nothing_outside()
        try:
            try:
                answer = call(*given)
            except Err as refusal:
                if refusal_fault is None:
                    raise TypeError("it has nothing to refuse; its answer is constant") from refusal
                checked(refusal_fault, "the refusal", refusal.value)
                raise
            return checked(answer_fault, "the answer", answer)
        except Err:
            raise
        except Exception as error:
            message = cut(f"{call.__name__}: {type(error).__name__}: {error}{place_of(error)}")
            log.line(log.Level.ERROR, message)
            if call.__name__ in ("plan", "normalize"):
                raise failure("other", message) from error
            raise

    return attempt


HERE = __file__.rpartition("/")[0]


def place_of(error) -> str:
    """The innermost line of the plugin's own. An answer was put together in many, and has none."""
    own, place = "", error.__traceback__
    while place is not None:
        file = place.tb_frame.f_code.co_filename
        if file.startswith(HERE) and file != __file__:
            own = f" ({file}:{place.tb_lineno})"
        place = place.tb_next
    return own


class LogLines(io.TextIOBase):
    """What is printed, as lines of the run's log. Never as `error`: the last of those is shown as the cause of a trap."""

    def __init__(self, level):
        self.level, self.begun = level, ""

    def write(self, text):
        *lines, self.begun = f"{self.begun}{text}".split("\n")
        for line in filter(None, lines):
            log.line(self.level, whole(line))
        return len(text)


class NothingMore:
    """Looks for modules that are not in the component, and says what to do."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        raise ModuleNotFoundError(f"{name} is not in the component: import it at the top of a module", name=name)


def no_file(file, *_how, **_more):
    raise OSError(f"{file!r} cannot be opened: in a call there are no files")


def nothing_outside():
    """Before each call, as what is imported while the component is built does come from files."""
    sys.stdout, sys.stderr = LogLines(log.Level.INFO), LogLines(log.Level.WARN)
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__name__ != "PathFinder"] + [NothingMore]
    builtins.open = io.open = no_file
