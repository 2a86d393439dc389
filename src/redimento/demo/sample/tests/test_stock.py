import pytest

from shop.stock import reserve


def test_reservation_takes_from_the_shelf():
    assert reserve({"mug": 3}, "mug", 2) == {"mug": 1}


def test_more_than_there_is_is_refused():
    with pytest.raises(ValueError):
        reserve({"mug": 1}, "mug", 2)


def test_the_caller_keeps_its_own_stock():
    stock = {"mug": 3}
    reserve(stock, "mug", 1)
    assert stock == {"mug": 3}  # known to fail: reserve() changes what it was given
