"""How telephone numbers are shown to those who need not know them."""

from __future__ import annotations

from config.models import Role
from cti.masking import mask

SEES_NUMBERS = frozenset({Role.SUPERVISOR})


def shown_number(number: str, role: Role) -> str:
    """The number as a bearer of `role` may see it."""
    return number if role in SEES_NUMBERS else mask(number)
