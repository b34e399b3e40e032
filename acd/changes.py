"""Which parts of the stored figures changed; the parts are those of `acd.stored_figures`."""

from __future__ import annotations


class Changes:
    """Collects the names of the parts until they are taken."""

    def __init__(self) -> None:
        self.tracked = False
        """Whether changes are noted: somebody stores them."""
        self._names: dict[str, None] = {}

    def note(self, *name: str) -> None:
        """A part changed, whose name these make together."""
        if self.tracked:
            self._names["/".join(name)] = None

    def taken(self) -> list[str]:
        """The parts that changed since this was last asked, each once, the first one first."""
        names, self._names = list(self._names), {}
        return names
