"""Progress while a comparison runs: a bar for each model and, for those who do not see bars, a line of text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Self

from .records import OK, Record


class Progress:
    """Shows in a notebook, and nowhere else.

    Its output is put there once and then changes by itself. A rate or a remaining time is not shown: it would differ
    from run to run in a stored notebook, and models of different speed make it wrong.

    Args:
        models: Full ids, a bar each.
        each: Runs of each model.
        before: What is there already: records of runs made before an interrupt.
    """

    def __init__(self, models: Sequence[str], each: int, before: Iterable[Record] = ()) -> None:
        self._all = len(models) * each
        self.done, self.failed = 0, 0
        self._counts = dict.fromkeys(models, 0)
        self._bars: dict[str, Any] = {}
        self._line: Any = None
        for record in before:
            self.step(record.model, failed=record.status != OK)
        if _in_a_notebook():
            self._show(each)

    def _show(self, each: int) -> None:
        import ipywidgets
        from IPython.display import publish_display_data

        wide = {"layout": {"width": "100%", "max_width": "44em"}, "style": {"description_width": "22em"}}
        self._bars = {
            m: ipywidgets.IntProgress(value=n, max=each, description=m, **wide) for m, n in self._counts.items()
        }
        self._line = ipywidgets.HTML()
        self._tell()
        bundle = ipywidgets.VBox([*self._bars.values(), self._line])._repr_mimebundle_()
        publish_display_data({**bundle, "text/plain": f"Progress of {self._all} runs"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._tell("Stopped: " if kind else "Done: ")

    def step(self, model: str, *, failed: bool) -> None:
        """Note that a run of this model is over."""
        self._counts[model] += 1
        self.done += 1
        self.failed += failed
        if self._bars:
            self._bars[model].value = self._counts[model]
            self._tell()

    @property
    def text(self) -> str:
        """How far it is, in words."""
        failed = f", {self.failed} without an answer" if self.failed else ""
        return f"{self.done} of {self._all} runs{failed}."

    def _tell(self, how: str = "") -> None:
        if self._line is not None:  # bars tell a screen reader nothing
            self._line.value = f'<p role="status">{how}{self.text}</p>'


def _in_a_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
