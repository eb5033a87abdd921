"""Say what a change of settings changed, for the merchant's log."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_SHOWN_MAX = 60


def what_changed(before: Mapping[str, Any], after: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Name what differs, from what to what: "Time zone: UTC → Europe/Berlin". Empty where nothing does.

    Of something new only what it says: "Hold (days): 14". What it leaves open is not named.
    """
    differing = [name for name in labels if name in after and before.get(name) != after[name]]
    if not before:
        return "; ".join(f"{labels[name]}: {_shown(after[name])}" for name in differing)
    return "; ".join(f"{labels[name]}: {_shown(before.get(name))} → {_shown(after[name])}" for name in differing)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) if value is not None else ""
    shown = text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
    return shown or "none"
