import pytest

from shop.cart import Cart


def test_total_of_an_empty_cart_is_nothing():
    assert Cart().total() == 0


def test_total_counts_quantities():
    cart = Cart()
    cart.add("mug", 995, 2)
    assert cart.total() == 1990


def test_quantity_must_be_positive():
    with pytest.raises(ValueError):
        Cart().add("mug", 995, 0)
