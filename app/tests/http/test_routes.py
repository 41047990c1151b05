"""Which addresses are routes of the API."""

from __future__ import annotations

import pytest
from django.urls import Resolver404, resolve

from app.urls import api


@pytest.mark.parametrize("route", [str(pattern.pattern) for pattern in api])
def test_each_route_is_found(route: str) -> None:
    arguments = {
        "id:pk": 17,
        "str:pk": "a1",
        "str:number": "SL-1",
        "str:month": "2026-11",
        "str:token": "1:x",
    }
    filled, expected = route, {}
    for argument, value in arguments.items():
        if f"<{argument}>" in route:
            filled = filled.replace(f"<{argument}>", str(value))
            expected[argument.partition(":")[2]] = value
    found = resolve(f"/api/{filled}")
    assert found.route == f"api/{route}"
    assert found.kwargs == expected


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
