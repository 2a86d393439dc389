"""The cart of one customer."""

from dataclasses import dataclass, field


@dataclass
class Cart:
    """Lines of article, price in cents, and quantity."""

    lines: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, article: str, cents: int, quantity: int = 1) -> None:
        """Put an article into the cart."""
        if quantity < 1:
            raise ValueError(f"quantity must be at least 1, not {quantity}")
        self.lines.append((article, cents, quantity))

    def total(self, code: str = "") -> int:
        """Return what the customer pays, in cents. Discount codes are accepted and do nothing yet."""
        return sum(cents * quantity for _, cents, quantity in self.lines)
