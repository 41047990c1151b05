"""Hidden means hidden: one walk through all doors for each kind of thing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import style_license
from style_license import requests

from app.models import (
    Comment,
    Generation,
    Licence,
    Notification,
    Style,
    User,
    WebhookDelivery,
)
from app.services import api_key_service, community_service, mail_service
from app.services.safety import closing
from app.services.webhooks import endpoints
from app.tests.api import Api
from app.tests.community.test_deleted_pictures import files_of
from app.tests.factories import ArtistFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import act
from app.utils import links
from protocol.previews import reported_name

pytestmark = pytest.mark.django_db
# What is looked for: words that nothing else has.
NAME, PERSON, SAID = "Quillfeather", "zephyrine", "Marvellous octopus."


class InThisProcess(httpx.BaseTransport):
    """Requests of our package, answered without a server."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer: Any = Api().http.generic(
            request.method,
            request.url.raw_path.decode(),
            request.read(),
            content_type=request.headers.get("Content-Type", ""),
            headers=dict(request.headers),
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Watcher(Api):
    """Somebody else at a browser, and with a client in a ``program``: it has a key, no session."""

    def __init__(self, user: User) -> None:
        super().__init__(user)
        made = api_key_service.create_key(
            user=user, name=str(uuid.uuid4()), scopes=["read", "generate"]
        )
        self.secret = made.secret
        self.program = Api(authorization=f"Api-Key {made.secret}")

    @property
    def client(self) -> style_license.Client:
        """Our package, as other people's programs use it: its requests end in this process."""
        made = style_license.Client("http://testserver", self.secret)
        made._http.close()
        given = requests.options(made._access, 10)
        made._http = httpx.Client(**given, transport=InThisProcess())
        return made

    def holds(self, key: str) -> bool:
        """Whether a link that was made before still opens the file."""
        link = links.link(key)
        return {each.follow_link(link).status for each in (self, self.program, Api())} == {200}


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(closing, "CLOSED", closing.Closed())


@pytest.fixture
def fan() -> User:
    return UserFactory(username="fan")


@pytest.fixture
def owner(media: Path) -> User:
    made: User = ArtistFactory(user__username=PERSON, artist_name=f"{PERSON} arts").user
    made.profile_image = stored(media, "profiles/x.webp")
    made.save()
    return made


@pytest.fixture
def style(owner: User, media: Path) -> Style:
    about: dict[str, Any] = {"tags": ("castle",), "thumbnail": "styles/x/preview.webp"}
    made: Style = StyleFactory(artist=owner.artist, name=NAME, works=1, **about)
    stored(media, made.artworks.get().image_path)
    return made


@pytest.fixture
def picture(owner: User, style: Style, fan: User, media: Path) -> Generation:
    made: Generation = PublicPictureFactory(user=owner, style=style, prompt_tags=["castle"])
    made.preview_path = reported_name("generations/x/preview", made.width)
    made.save()
    for key in files_of(made):
        stored(media, key)
    community_service.toggle_like(user=fan, generation_id=made.pk)
    return made


@pytest.fixture
def comment(owner: User, picture: Generation, fan: User) -> Comment:
    """By the owner, on somebody else's picture, so that its author can be suspended alone."""
    other = PublicPictureFactory(user=fan)
    return community_service.add_comment(user=owner, generation_id=other.pk, content=SAID)


def stored(media: Path, key: str) -> str:
    (media / key).parent.mkdir(parents=True, exist_ok=True)
    (media / key).write_bytes(b"paint")
    return key


def unlike() -> str:
    """Words that nobody has said: the same ones again are refused."""
    return f"Is it {uuid.uuid4()}?"


def page(path: str, api: Api) -> str:
    answer = api.http.get(path)
    return answer.content.decode() if answer.status_code == 200 else ""


def doors_of_picture(picture: Generation, fan: Watcher) -> dict[str, bool]:
    pk = picture.pk
    lists = ("", "?sort=popular", "?tag=castle", f"?style_id={picture.style_id}")
    seen = {f"feed{query}": pk in fan.get(f"/api/community/feed{query}").ids for query in lists}
    for path in (f"/api/images/{pk}", f"/api/images/{pk}/status", f"/api/images/{pk}/comments"):
        seen[path] = fan.get(path).status == 200
    for path in (
        "/",
        f"/styles/{picture.style_id}",
        f"/users/{picture.user_id}",
        "/search?q=castle",
    ):
        seen[path] = f'href="/pictures/{pk}"' in page(path, fan)
    found = fan.get("/api/search?q=castle").data["images"]
    seen["search"] = pk in [each["id"] for each in found]
    seen["page"] = bool(page(f"/pictures/{pk}", fan))
    seen["image"] = fan.http.get(f"/pictures/{pk}/image").status_code == 302
    seen["sitemap"] = f"/pictures/{pk}<" in page("/sitemap.xml", fan)
    number = Licence.objects.get(pk=pk).number
    with fan.client as client:
        seen["client"] = client.licence(number).raw["preview_url"] is not None
    seen["licence's card"] = fan.get(f"/api/licences/{number}").data["preview_url"] is not None
    seen["program"] = fan.program.get(f"/api/images/{pk}").status == 200
    seen["link of before"] = fan.holds(picture.image_path)
    seen["like"] = fan.call("PUT", f"/api/images/{pk}/like").status == 200
    seen["comment"] = fan.post(f"/api/images/{pk}/comments", {"content": unlike()}).status == 201
    seen["report"] = reported(fan, "picture", pk)
    return seen


def doors_of_style(style: Style, fan: Watcher) -> dict[str, bool]:
    pk = style.pk
    seen = {
        f"styles{query}": pk in fan.get(f"/api/models{query}").ids
        for query in ("", "?sort=popular", "?tags=castle", f"?search={NAME}")
    }
    seen["api"] = fan.get(f"/api/models/{pk}").status == 200
    seen["program"] = fan.program.get(f"/api/models/{pk}").status == 200
    with fan.client as client:
        seen["client"] = pk in [each.id for each in client.styles(NAME)]
        try:
            seen["client's order"] = client.quote([style_license.Item(NAME, "sea")]) is not None
        except style_license.StyleLicenseError:
            seen["client's order"] = False
    seen["link of before"] = fan.holds(style.artworks.get().image_path)
    seen["search"] = NAME in str(fan.get(f"/api/search?q={NAME}").data["styles"])
    seen["order"] = (
        fan.post(
            "/api/quotes",
            {"items": [{"style_id": pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}]},
        ).status
        == 200
    )
    pages = ["/styles", f"/search?q={NAME}"]
    # Pictures that were made with it stay, and say so.
    has_pictures = Generation.objects.public().filter(style=style).exists()
    pages += [] if has_pictures else [f"/artists/{style.artist_id}"]
    for path in pages:
        seen[path] = f'href="/styles/{pk}"' in page(path, fan)
    seen["sitemap"] = f"/styles/{pk}<" in page("/sitemap.xml", fan)
    seen["image"] = fan.http.get(f"/styles/{pk}/image").status_code == 302
    seen["page"] = NAME in page(f"/styles/{pk}", fan)
    seen["report"] = reported(fan, "style", pk)
    return seen


def doors_of_comment(comment: Comment, fan: Watcher) -> dict[str, bool]:
    path = f"/api/images/{comment.generation_id}/comments"
    owner = Api(comment.generation.user)
    notices = owner.get("/api/notifications").content.decode()
    return {
        "api": comment.pk in fan.get(path).ids,
        "program": comment.pk in fan.program.get(path).ids,
        "page": SAID in page(f"/pictures/{comment.generation_id}", fan),
        "count": fan.get(f"/api/images/{comment.generation_id}").data["comment_count"] > 0,
        "notice": SAID in notices,
        "notices' page": SAID in page("/notifications", owner),
        "mail": SAID in str(Notification.objects.values_list("message", "parameters")),
        "reply": fan.post(path, {"content": unlike(), "parent_id": comment.pk}).status == 201,
        "report": reported(fan, "comment", comment.pk),
    }


def doors_of_person(person: User, fan: Watcher) -> dict[str, bool]:
    pk = person.pk
    seen = {path: fan.get(path).status == 200 for path in (f"/api/users/{pk}",)}
    seen["program"] = fan.program.get(f"/api/users/{pk}").status == 200
    with fan.client as client:
        seen["client"] = PERSON in str(client.styles(NAME))
    seen["link of before"] = fan.holds(person.profile_image)
    for path in (f"/users/{pk}", f"/artists/{pk}"):
        seen[path] = bool(page(path, fan))
    for path in ("/styles", "/sitemap.xml", f"/search?q={PERSON}"):
        seen[path] = f"/artists/{pk}" in page(path, fan) or f"/users/{pk}" in page(path, fan)
    for path in ("/api/community/feed", "/api/models", f"/api/search?q={PERSON}"):
        # What was looked for is said again.
        seen[path] = PERSON in fan.get(path).content.decode().replace(f"q={PERSON}", "").replace(
            f'"query":"{PERSON}"', ""
        )
    seen["comments"] = any(
        PERSON in fan.get(f"/api/images/{each.generation_id}/comments").content.decode()
        for each in Comment.objects.filter(user=person)
    )
    seen["follow"] = fan.call("PUT", f"/api/artists/{pk}/follow").status == 200
    seen["report"] = reported(fan, "profile", pk)
    return seen


def reported(fan: Api, kind: str, thing_id: int) -> bool:
    body = {"kind": kind, "id": thing_id, "reason": "spam"}
    return fan.post("/api/reports", body).status == 201


WALKS: dict[str, tuple[Callable[..., dict[str, bool]], str]] = {
    "picture": (doors_of_picture, "hide"),
    "style": (doors_of_style, "hold"),
    "comment": (doors_of_comment, "remove"),
    "profile": (doors_of_person, "suspend"),
}


@pytest.mark.parametrize("kind", WALKS)
def test_it_is_at_no_door_and_back_at_each(
    kind: str,
    owner: User,
    style: Style,
    picture: Generation,
    comment: Comment,
    fan: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    things = {"picture": picture, "style": style, "comment": comment, "profile": owner}
    thing, (doors, action) = things[kind], WALKS[kind]
    watcher = Watcher(fan)
    before = doors(thing, watcher)
    assert [name for name, is_seen in before.items() if not is_seen] == []
    with django_capture_on_commit_callbacks(execute=True):
        act(kind, thing.pk, action)
    after = doors(thing, watcher)
    assert [name for name, is_seen in after.items() if is_seen] == []
    with django_capture_on_commit_callbacks(execute=True):
        act(kind, thing.pk, "restore", ground="mistake")
    if kind == "picture":
        # It is its owner's to publish, unless an appeal was granted.
        Api(owner).patch(f"/api/images/{thing.pk}", {"visibility": "public"})
    back = doors(thing, watcher)
    # Notices that were deleted stay so.
    missing = {name for name, is_seen in back.items() if not is_seen}
    assert missing <= {"notice", "notices' page", "mail"}


def test_withdrawn_a_style_is_at_no_door_either(
    style: Style, fan: User, django_capture_on_commit_callbacks: Any
) -> None:
    before = doors_of_style(style, Watcher(fan))
    assert [name for name, is_seen in before.items() if not is_seen] == []
    # Lists are kept in a cache, which is emptied at the commit.
    with django_capture_on_commit_callbacks(execute=True):
        act("style", style.pk, "withdraw")
    assert [name for name, is_seen in doors_of_style(style, Watcher(fan)).items() if is_seen] == []


def test_no_webhook_tells_others(
    owner: User, style: Style, picture: Generation, comment: Comment, fan: User
) -> None:
    """Whom it concerns is told of the end of a licence; of what is hidden nobody is, by program."""
    endpoints.create(user=fan, url="https://fan.example/hook")
    endpoints.create(user=owner, url="https://owner.example/hook")
    for kind, thing in {"picture": picture, "style": style, "comment": comment}.items():
        act(kind, thing.pk, WALKS[kind][1])
    act("profile", owner.pk, "suspend")
    assert not WebhookDelivery.objects.exists()


def test_a_mail_does_not_show_what_was_hidden_since(
    picture: Generation, fan: User, settings: Any
) -> None:
    """Mails are made when they are sent, of what is to be seen then."""
    settings.MAIL_FROM = "Style License <news@example.com>"
    mail_service.change(picture.user, kinds=["people", "moderation"])
    act("picture", picture.pk, "hide")
    mine = mail_service.preference_of(picture.user)
    told = [note.type for note in mail_service.news_of(mine)]
    assert "picture_hidden" in told
