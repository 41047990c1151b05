"""Addresses lead to the views that Django would find by trying all routes in turn."""

from __future__ import annotations

import pytest
from django.urls import Resolver404, URLResolver, resolve
from django.urls.resolvers import RoutePattern

from app.http.routes import RoutesByShape
from app.urls import api

BY_SHAPE = RoutesByShape(RoutePattern("api/"), api)
IN_TURN = URLResolver(RoutePattern("api/"), api)
ADDRESSES = [f"api/{str(pattern.pattern).replace('<id:pk>', '17')}" for pattern in api]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_route_is_found_by_its_shape(address: str) -> None:
    found, expected = BY_SHAPE.resolve(address), IN_TURN.resolve(address)
    for name in ("func", "args", "kwargs", "url_name", "route", "captured_kwargs"):
        assert getattr(found, name) == getattr(expected, name)
    assert resolve(f"/{address}").view_name == expected.url_name


@pytest.mark.parametrize(
    "address",
    [
        *("api/", "api/images", "api/images/", "api/images/x", "api/images/-1", "api/images/1/2"),
        *("api/images/١٧", "api/images/9223372036854775808", f"api/images/{'9' * 5000}"),
        *("api/<id:pk>", "api/images/<id:pk>", "api/images/<id:pk>/status", "api/17", "images/17"),
    ],
)
def test_what_is_no_route_is_found_in_neither_way(address: str) -> None:
    for resolver in (BY_SHAPE, IN_TURN):
        with pytest.raises(Resolver404):
            resolver.resolve(address)


def test_no_two_routes_have_the_same_shape() -> None:
    assert len({str(pattern.pattern) for pattern in api}) == len(api)
