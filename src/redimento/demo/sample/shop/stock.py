"""What is on the shelves."""


def reserve(stock: dict[str, int], article: str, quantity: int) -> dict[str, int]:
    """Return the stock after a reservation; refuse more than there is."""
    left = stock.get(article, 0) - quantity
    if left < 0:
        raise ValueError(f"only {stock.get(article, 0)} of {article} left")
    stock[article] = left
    return stock
