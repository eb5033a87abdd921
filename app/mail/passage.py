"""What a mail says, before it is written as HTML and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.mails import MailKind
from app.languages import Speech

# More lines would be a list that nobody reads: the last one adds up the days after.
_LINES_MAX = 10
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Button:
    """Where a mail leads."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The parts of a mail, in the order in which they are read. `number` stands large, `code` so that it can be copied."""

    subject: str
    heading: str
    lines: tuple[str, ...]
    number: str = ""
    code: str = ""
    button: Button | None = None
    small: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A shop's own subject and paragraph, in place of ours. `{shop}` in them is filled in, `{points}` where the mail has any."""

    subject: str = ""
    paragraph: str = ""


def passage_for(kind: MailKind, values: Mapping[str, object], shop: str, speech: Speech, own: OwnWords) -> Passage:
    """Say what a mail of a kind says, in a language."""
    written = _PASSAGES[kind](values, shop, speech)
    filled = {"{shop}": shop}
    if "points" in values:
        filled["{points}"] = speech.number(_points(values))
    subject = _filled(own.subject, filled) or written.subject
    lines = (_filled(own.paragraph, filled),) if own.paragraph else written.lines
    return Passage(subject, written.heading, lines, written.number, written.code, written.button, written.small)


def _filled(text: str, filled: Mapping[str, str]) -> str:
    for name, value in filled.items():
        text = text.replace(name, value)
    return text


def _points(values: Mapping[str, object]) -> int:
    points = values.get("points", 0)
    return points if isinstance(points, int) else 0


def _listed(values: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    listed = values.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(values: Mapping[str, object], name: str) -> str:
    return str(values.get(name) or "")


def _sign_in(values: Mapping[str, object], shop: str, speech: Speech) -> Passage:
    _ = speech.messages.gettext
    return Passage(
        subject=_("Your code to sign in at %(shop)s") % {"shop": shop},
        heading=_("Your code to sign in"),
        lines=(_("Type this code on the page on which you asked for it, or press the button."),),
        code=_text(values, "code"),
        button=Button(_("Sign in"), _text(values, "link")),
        small=(
            _("The code is good for ten minutes, and once."),
            _("If you did not ask for it, do nothing. Nobody can sign in without it."),
        ),
    )


def _points_ready(values: Mapping[str, object], shop: str, speech: Speech) -> Passage:
    return _waiting_points(values, shop, speech, is_reminder=False)


def _reminder(values: Mapping[str, object], shop: str, speech: Speech) -> Passage:
    return _waiting_points(values, shop, speech, is_reminder=True)


def _waiting_points(values: Mapping[str, object], shop: str, speech: Speech, *, is_reminder: bool) -> Passage:
    _, points = speech.messages.gettext, _points(values)
    number = speech.number(points)
    waits = speech.messages.ngettext("%(number)s point is waiting for you", "%(number)s points are waiting for you", points)
    last_day = values.get("last_day")
    until = _("They can be claimed until %(day)s.") % {"day": speech.day(date.fromisoformat(str(last_day)))} if last_day else ""
    about = {"order": _text(values, "order"), "shop": shop}
    line = (
        _("Your order %(order)s at %(shop)s has brought you points. You have not claimed them yet.")
        if is_reminder
        else _("Your order %(order)s at %(shop)s has brought you points. Press the button to add them to your balance.")
    )
    subject = _("Not claimed yet: %(waits)s") if is_reminder else "%(waits)s"
    return Passage(
        subject=subject % {"waits": waits % {"number": number}},
        heading=waits % {"number": number},
        lines=(line % about,),
        button=Button(_("Go to my points"), _text(values, "link")),
        small=(until,) if until else (),
    )


def _reward_code(values: Mapping[str, object], shop: str, speech: Speech) -> Passage:
    _ = speech.messages.gettext
    last_day = values.get("last_day")
    until = _("It can be used until %(day)s.") % {"day": speech.day(date.fromisoformat(str(last_day)))} if last_day else ""
    reward = _text(values, "reward")
    return Passage(
        subject=_("Your code from %(shop)s: %(reward)s") % {"shop": shop, "reward": reward},
        heading=reward,
        lines=(_("Type this code at the checkout, where promo codes go."),),
        code=_text(values, "code"),
        small=(*((until,) if until else ()), _("Keep this mail: whoever has the code can use it.")),
    )


def _points_end(values: Mapping[str, object], shop: str, speech: Speech) -> Passage:
    _, ngettext = speech.messages.gettext, speech.messages.ngettext
    ends = [(date.fromisoformat(str(one["day"])), _points(one)) for one in _listed(values, "days")]
    points = _points(values)
    if len(ends) > 1:
        heading = ngettext("%(number)s point runs out soon", "%(number)s points run out soon", points)
        line = _("You can use them at %(shop)s until the days below.")
    else:
        heading = ngettext("%(number)s point runs out after %(day)s", "%(number)s points run out after %(day)s", points)
        line = _("Until then you can use your points at %(shop)s.")
    # A heading is large: on a narrow phone its day needs two lines.
    day = speech.day(ends[0][0]).replace(_NO_BREAK, " ") if ends else ""
    heading %= {"number": speech.number(points), "day": day}
    link = _text(values, "link")
    return Passage(
        subject=_("%(what)s at %(shop)s") % {"what": heading, "shop": shop},
        heading=heading,
        lines=(line % {"shop": shop},),
        button=Button(_("Go to my points"), link) if link else None,
        small=_each_day(ends, speech) if len(ends) > 1 else (),
    )


def _each_day(ends: Sequence[tuple[date, int]], speech: Speech) -> tuple[str, ...]:
    """Say how many points can be used until each day."""
    ngettext = speech.messages.ngettext
    shown = len(ends) if len(ends) <= _LINES_MAX else _LINES_MAX - 1
    lines = [
        _line(ngettext("Until %(day)s: %(number)s point", "Until %(day)s: %(number)s points", number), day, number, speech)
        for day, number in ends[:shown]
    ]
    if shown < len(ends):
        number = sum(number for _, number in ends[shown:])
        rest = ngettext(
            "Later, until %(day)s at the latest: %(number)s point",
            "Later, until %(day)s at the latest: %(number)s points",
            number,
        )
        lines.append(_line(rest, ends[-1][0], number, speech))
    return tuple(lines)


def _line(text: str, day: date, number: int, speech: Speech) -> str:
    """Fill in a line in which the number stays with its word."""
    return text.replace("%(number)s ", f"%(number)s{_NO_BREAK}") % {"day": speech.day(day), "number": speech.number(number)}


_PASSAGES = {
    MailKind.SIGN_IN: _sign_in,
    MailKind.POINTS_READY: _points_ready,
    MailKind.REMINDER: _reminder,
    MailKind.REWARD_CODE: _reward_code,
    MailKind.POINTS_END: _points_end,
}
