"""Which addresses are routes of the API."""

from __future__ import annotations

import pytest
from django.urls import Resolver404, resolve

from app.urls import api


@pytest.mark.parametrize("route", [str(pattern.pattern) for pattern in api])
def test_each_route_is_found(route: str) -> None:
    filled = route.replace("<id:pk>", "17").replace("<str:number>", "SL-1")
    found = resolve(f"/api/{filled}")
    assert found.route == f"api/{route}"
    number = {"number": "SL-1"} if "<str:number>" in route else {}
    assert found.kwargs == ({"pk": 17} if "<id:pk>" in route else number)


@pytest.mark.parametrize(
    "address",
    [
        *("api/", "api/images", "api/images/", "api/images/x", "api/images/-1", "api/images/1/2"),
        *("api/images/١٧", "api/images/9223372036854775808", f"api/images/{'9' * 5000}"),
        *("api/<id:pk>", "api/images/<id:pk>", "api/images/<id:pk>/status", "api/17", "images/17"),
    ],
)
def test_what_is_no_route_is_not_found(address: str) -> None:
    with pytest.raises(Resolver404):
        resolve(f"/{address}")
