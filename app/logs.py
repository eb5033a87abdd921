"""Logging: one line per event, for people or as JSON. No secret and no e-mail is ever passed to it."""

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# What must not be read in a log, should it ever get into a text: e-mail addresses, API keys, claim tokens, bearer tokens.
_SECRETS = re.compile(
    r"[^\s@\"'<>=/]{1,320}(?:@|%40)[^\s@\"'<>/]{1,320}\.[^\s@\"'<>/]+"
    r"|(?<=://)[^\s/@\"']+(?=@)"
    r"|(?<=csapikey=)[^&\s\"']+"
    r"|(?<=/claim/points/)[0-9a-fA-F-]{32,36}"
    r"|(?<=/api/v1/points/)[^/?\s\"']{8,}"
    r"|(?<=Bearer )\S+"
    r"|(?i:(?<=x-api-key: )|(?<=x-api-key': ')|(?<=x-api-key\": \"))[^\s\"']+"
)


# What moves a terminal's cursor, begins a line, or turns the direction of what follows.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def set_up_logging(*, log_format: str, level: str) -> None:
    """Send the app's and its libraries' logs to standard error in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Any] = [structlog.processors.JSONRenderer()]
    if log_format == "console":
        console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        renderers = [_on_one_line, console]
    # Tracebacks become text before the blotting, so that it sees them too.
    finish: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*finish, _blot_out, *renderers])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # urllib3 writes whole addresses at debug level, and a provider's address holds the key.
    for name in ("urllib3", "gql", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def blotted(text: str) -> str:
    """Give the text with anything that looks like a secret or an e-mail address blotted out."""
    return _SECRETS.sub("•••", text)


def written_out(text: str) -> str:
    """Give the text with whatever a terminal would obey written out: a customer's text stays where it was put."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def fault_name(fault: Exception) -> str:
    """Name what went wrong with the database in its own word, such as SQLITE_FULL or DiskFull. Its text would hold e-mails."""
    cause = getattr(fault, "orig", None) or fault
    return str(getattr(cause, "sqlite_errorname", None) or type(cause).__name__)


def innermost_place(error: BaseException) -> str:
    """Give file and line at which an error arose, without any value: an error's own text may hold e-mails."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else ""


def _blot_out(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _blotted_within(value) for key, value in event.items()}


def _on_one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: written_out(value) if isinstance(value, str) and key != "exception" else value for key, value in event.items()}


def _blotted_within(value: Any) -> Any:
    """Blot out texts wherever they stand. What is no plain value is written as text, as the renderer would."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {blotted(str(key)): _blotted_within(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_blotted_within(item) for item in value]
    return blotted(value if isinstance(value, str) else repr(value))
