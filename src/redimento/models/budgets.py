"""What all runs of a day and of a month may cost together: a sum in the store for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redimento.errors import LimitError
from redimento.settings import ModelSettings
from redimento.store.port import Store
from redimento.text.wording import Sentence

_LASTS = 62 * 24 * 3600.0  # seconds


@dataclass(frozen=True)
class Budgets:
    """`clock` tells the time in UTC."""

    store: Store
    settings: ModelSettings
    clock: Callable[[], datetime]

    def promise(self, usd: float) -> dict[str, float]:
        """Set the most that a call can cost aside, and return the sums that it is in. Raises LimitError.

        A run that is killed leaves it there: its call may be billed.
        """
        promised: dict[str, float] = {}
        for period, sum_of, most in self._sums():
            promised[sum_of] = usd if most is not None else 0.0
            if most is None:
                continue
            total = self.store.add(sum_of, usd, _LASTS)
            if total > most:
                self.pay(promised, 0.0)
                month = period == "month"
                raise LimitError(
                    Sentence("limit_of_period", month=month, worst=total, most=most, spent=total - usd),
                    Sentence("raise_or_wait", month=month),
                )
        return promised

    def pay(self, promised: dict[str, float], usd: float) -> None:
        """Replace what was set aside by what the call has cost."""
        for sum_of, set_aside in promised.items():
            if usd != set_aside:
                self.store.add(sum_of, usd - set_aside, _LASTS)

    def _sums(self) -> list[tuple[str, str, float | None]]:
        today = self.clock()
        return [
            ("day", f"spent {today:%Y-%m-%d}", self.settings.max_cost_usd_per_day),
            ("month", f"spent {today:%Y-%m}", self.settings.max_cost_usd_per_month),
        ]
