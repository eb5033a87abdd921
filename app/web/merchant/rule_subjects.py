"""Which rule a page is about: its path says it, and the form on it once more."""

from dataclasses import dataclass

from flask import abort

from app.web.merchant.fragments import form_about
from app.web.merchant.places import as_segment, from_segment


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """A rule: the default, a channel's, or one for a channel that is still to be chosen. `home` is the page that lists all."""

    home: str
    channel: str | None
    is_new: bool

    @property
    def place(self) -> str:
        """Give the path of the form's page."""
        if self.is_new:
            return f"{self.home}/new"
        return f"{self.home}/channel/{as_segment(self.channel)}" if self.channel is not None else f"{self.home}/default"


def subject_at(home: str, place: str) -> RuleSubject:
    """Read from a path below `home` which rule it is about. Ends the request with 404 where there is no such page."""
    kind, _, segment = place.partition("/")
    if kind not in {"new", "default", "channel"} or bool(segment) != (kind == "channel") or "/" in segment:
        abort(404, "Saleor Points does not have this page.")
    return RuleSubject(home, from_segment(segment) or None, is_new=kind == "new")


def form_about_rule(subject: RuleSubject) -> None:
    """Check that the form is about the rule that its address names. A new rule's form names its channel itself."""
    if not subject.is_new:
        form_about("channel", subject.channel or "")
