"""One sum of money for several runs: what is promised to those that work is not spent twice."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Purse:
    """US dollars. A run may cost up to `share`; `promised` is what the runs that are working may still cost."""

    total: float
    share: float
    spent: float = 0.0
    promised: float = 0.0

    @property
    def suffices(self) -> bool:
        """Whether another run can start. A cent in a billion is the error of adding up."""
        return self.spent + self.promised + self.share <= self.total + 1e-9

    def promise(self) -> Purse:
        return replace(self, promised=self.promised + self.share)

    def pay(self, usd: float | None) -> Purse:
        """Return the purse after a run that has cost `usd`; None if nobody knows: then it has cost its share."""
        return replace(
            self, spent=self.spent + (self.share if usd is None else usd), promised=self.promised - self.share
        )


def fill(total: float | None, share: float, runs: int) -> Purse:
    """Return a purse for so many runs. Without a `total` each may cost its whole share."""
    whole = share * runs if total is None else total
    return Purse(whole, min(share, whole))
