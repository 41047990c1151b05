"""What an endpoint of the API is, and what it is called with."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devtools.fake_stripe.errors import ApiError, InvalidParameterError, MissingError
from devtools.fake_stripe.forms import Params, check_known, integer, items, mapping
from devtools.fake_stripe.state import PLATFORM, State, Thing


@dataclass
class Call:
    """One request, once its key and its parameters are read."""

    state: State
    params: Params
    account: str = PLATFORM
    request: Thing = field(default_factory=dict)

    def get(self, kind: str, given: Any, *, param: str = "id") -> Thing:
        return self.state.get(kind, given, owner=self.account, param=param)


Handler = Callable[..., Thing]


@dataclass(frozen=True)
class Endpoint:
    """A method and a path of the API, its parameters, and the function that answers."""

    method: str
    path: re.Pattern[str]
    parameters: frozenset[str]
    handler: Handler


ENDPOINTS: list[Endpoint] = []


def endpoint(method: str, path: str, parameters: str = "") -> Callable[[Handler], Handler]:
    """Register a function for ``path``; each ``{}`` in it is an id that the function gets."""
    pattern = re.compile(re.escape(path).replace(r"\{\}", "([^/]+)") + "/?")

    def register(handler: Handler) -> Handler:
        known = frozenset((parameters + " expand").split())
        ENDPOINTS.append(Endpoint(method, pattern, known, handler))
        return handler

    return register


def answer(call: Call, method: str, path: str) -> Thing:
    """Call the endpoint. Raises ApiError. The caller holds the lock."""
    for each in ENDPOINTS:
        match = each.path.fullmatch(path)
        if match and each.method == method:
            check_known(call.params, each.parameters)
            thing = copy.deepcopy(each.handler(call, *match.groups()))
            for wanted in items(call.params, "expand"):
                _expand(call.state, thing, str(wanted).split("."), str(wanted))
            return thing
    error = ApiError(f"Unrecognized request URL ({method}: {path}).")
    error.status = 404
    raise error


def _expand(state: State, thing: Any, names: list[str], wanted: str) -> None:
    """Put objects in place of their ids along the path."""
    if not names:
        return
    first, rest = names[0], names[1:]
    if isinstance(thing, list):
        for part in thing:
            _expand(state, part, names, wanted)
        return
    if not isinstance(thing, dict):
        return
    shown = state.find(thing.get("id"))
    extra = state.hidden(shown).get("expandable", {}) if shown is not None else {}
    if first in extra:
        thing[first] = copy.deepcopy(extra[first])
    if first not in thing:
        raise InvalidParameterError(f"This property cannot be expanded ({wanted}).", param="expand")
    found = state.find(thing[first])
    if found is not None and first != "id":
        thing[first] = copy.deepcopy(found)
    _expand(state, thing[first], rest, wanted)


LIST = "limit starting_after ending_before created"


def page(call: Call, kind: str, path: str, **filters: Any) -> Thing:
    """A list, newest first, with the parameters LIST. Filters that are None let all through."""
    things = list(call.state.all(kind, owner=call.account))[::-1]
    for name, value in filters.items():
        if value is not None:
            things = [thing for thing in things if thing.get(name) == value]
    return page_of(call, things, path)


def page_of(call: Call, things: list[Thing], path: str) -> Thing:
    """One page of ``things``, which are in their order."""
    params = call.params
    limit = integer(params, "limit", least=1) if "limit" in params else 10
    if limit > 100:
        raise InvalidParameterError("This value must be at most 100.", param="limit")
    created = params.get("created")
    bounds = {"gte": created, "lte": created}
    if not isinstance(created, str):
        bounds = mapping(params, "created")
    for name in bounds:
        bound = integer(bounds, name) if bounds[name] is not None else None
        if bound is not None:
            things = [each for each in things if _within(each["created"], name, bound)]
    ids = [thing["id"] for thing in things]
    after, before = params.get("starting_after"), params.get("ending_before")
    for given, param in ((after, "starting_after"), (before, "ending_before")):
        if given is not None and given not in ids:
            raise MissingError("object", str(given), param=param)
    if before is not None:
        earlier = things[: ids.index(before)]
        shown, more = earlier[-limit:], len(earlier) > limit
    else:
        later = things[ids.index(after) + 1 :] if after is not None else things
        shown, more = later[:limit], len(later) > limit
    return {"object": "list", "data": shown, "has_more": more, "url": path}


def _within(created: int, name: str, bound: int) -> bool:
    holds = {
        "gt": created > bound,
        "gte": created >= bound,
        "lt": created < bound,
        "lte": created <= bound,
    }
    if name not in holds:
        raise InvalidParameterError(f"Received unknown parameter: {name}", param="created")
    return holds[name]


def metadata(params: Params) -> dict[str, str]:
    """The parameter ``metadata``, as Stripe limits it."""
    given = mapping(params, "metadata")
    for name, value in given.items():
        if len(given) > 50 or len(name) > 40 or not isinstance(value, str) or len(value) > 500:
            raise InvalidParameterError(
                "Metadata has at most 50 keys of 40 characters, with values of 500.",
                param="metadata",
            )
    return given
