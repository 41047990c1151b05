"""Pictures made here are rated by a check, and shown to those who want to see them."""

import pytest

from app.exceptions import ServiceUnavailable
from app.models import Generation, Notification, PictureCheck
from app.services import moderation_service, storage
from app.services.checks import nudity, pictures
from app.services.uploads import checkers
from app.tests.api import Api
from app.tests.checks.looking import drawn
from app.tests.factories import StyleFactory, UserFactory
from app.tests.safety.staff import moderator

pytestmark = pytest.mark.django_db
FEED = "/api/community/feed"


def rated(picture: Generation) -> str:
    picture.refresh_from_db()
    return picture.rating


def ways_to(picture: Generation, client: Api) -> list[bool]:
    """In which lists the client finds the picture."""
    style = picture.style
    lists = [
        client.get(FEED).ids,
        client.get(FEED, sort="popular").ids,
        client.get(FEED, tag="castle").ids,
        client.get(FEED, style_id=style.pk).ids,
        client.get(FEED, artist_id=style.artist_id).ids,
        [each["id"] for each in client.get("/api/search", q="castle").data["images"]],
    ]
    return [picture.pk in ids for ids in lists]


@pytest.mark.parametrize(
    ("score", "allows_mature", "rating"),
    [
        (0.1, False, "general"),
        (0.49, True, "general"),
        (0.6, True, "mature"),
        (0.6, False, "blocked"),
        (0.95, True, "blocked"),
    ],
)
def test_a_score_and_the_style_make_the_rating(check, score, allows_mature, rating):
    picture = drawn(style=StyleFactory(allows_mature=allows_mature))
    assert picture.rating == "unrated"
    check.says = score
    assert pictures.check_next() is True
    assert rated(picture) == rating
    assert pictures.check_next() is False
    assert check.seen == [(64, 48)]
    assert PictureCheck.objects.count() == (rating != "general")
    # Another relay that has looked too comes too late.
    assert pictures.rate(picture.pk, 0.0) is None
    assert rated(picture) == rating


def test_an_unrated_picture_is_in_no_list_until_it_was_looked_at(check):
    picture = drawn(visibility="public")
    reader = Api(UserFactory())
    for client in (Api(), reader):
        assert ways_to(picture, client) == [False] * 6
    assert Api(picture.user).get("/api/images/mine").results[0]["rating"] == "unrated"
    pictures.check_next()
    for client in (Api(), reader):
        assert ways_to(picture, client) == [True] * 6


def test_a_mature_picture_is_shown_to_those_who_want_it(check):
    picture = drawn(style=StyleFactory(allows_mature=True), visibility="public")
    check.says = 0.7
    pictures.check_next()
    reader = UserFactory()
    path = f"/api/images/{picture.pk}"
    for client in (Api(), Api(reader)):
        assert ways_to(picture, client) == [False] * 6
        veiled = client.get(path).data
        assert (veiled["rating"], veiled["image_url"], veiled["preview_url"]) == (
            *("mature", None, None),
        )
    asked = Api(reader).patch("/api/users/me", {"shows_mature": True})
    assert asked.data["shows_mature"] is True
    assert ways_to(picture, Api(reader)) == [True] * 6
    assert Api(reader).get(path).data["image_url"]
    assert Api(picture.user).get(path).data["image_url"]


def test_no_door_of_the_api_links_to_the_file_of_a_mature_picture(check):
    """The facts of its licence are everybody's."""
    picture = drawn(style=StyleFactory(allows_mature=True), visibility="public")
    reader, wanting = UserFactory(), UserFactory(shows_mature=True)

    def links(client: Api) -> list[bool]:
        status = client.get(f"/api/images/{picture.pk}/status").data
        number = picture.licence.number
        licences = [
            client.get(f"/api/licences/{number}").data,
            client.post("/api/verify", {"number": number}).data["licence"],
        ]
        assert [each["number"] for each in licences] == [number] * 2
        shown = [status["image_url"], *(each["preview_url"] for each in licences)]
        return [link is not None for link in shown]

    check.says = 0.7
    for rating in ("unrated", "mature"):
        assert rated(picture) == rating
        for client in (Api(), Api(reader)):
            assert links(client) == [False] * 3
        for client in (Api(wanting), Api(picture.user)):
            assert links(client) == [True] * 3
        pictures.check_next()


def test_the_owner_is_told_with_a_reason_and_a_way_on(check):
    picture = drawn(style=StyleFactory(allows_mature=True, name="Ink"))
    check.says = 0.7
    pictures.check_next()
    told = Notification.objects.get(recipient=picture.user, type="picture_rated")
    assert told.message == (
        "A check by machine found nudity in your picture in the style Ink. If you publish it,"
        " those alone see it who want to see nudity."
    )
    found = PictureCheck.objects.get()
    assert (found.rating, found.score, found.checker) == ("mature", 0.7, "fake/1")


def test_a_blocked_picture_is_hidden_not_deleted_and_staff_may_lift_that(check):
    picture = drawn(style=StyleFactory(), visibility="public")
    check.says = 0.97
    pictures.check_next()
    assert rated(picture) == "blocked"
    assert (picture.visibility, picture.hidden_reason) == ("private", pictures.LOOKS_BLOCKED)
    assert storage.exists(picture.image_path)
    told = Notification.objects.get(recipient=picture.user, type="picture_hidden")
    assert told.message == (
        "Your picture is hidden. Only you can see it. A check by machine took it for pornographic."
        " Our staff will look at it."
    )
    owner, path = Api(picture.user), f"/api/images/{picture.pk}"
    assert owner.get(path).data["image_url"]
    assert owner.patch(path, {"visibility": "public"}).refusal == (409, "INVALID_TRANSITION")
    staff = moderator()
    moderation_service.show_picture(picture, staff=staff, reason="A pot of clay.")
    assert rated(picture) == "general"
    assert owner.patch(path, {"visibility": "public"}).status == 200
    assert ways_to(picture, Api()) == [True] * 6
    found = PictureCheck.objects.get()
    assert (found.outcome, found.reason) == ("lifted", "A pot of clay.")


def test_staff_may_rate_a_mature_picture_for_everybody(check):
    picture = drawn(style=StyleFactory(allows_mature=True), visibility="public")
    check.says = 0.7
    pictures.check_next()
    staff = moderator()
    moderation_service.rate_general(picture, staff=staff, reason="Peaches.")
    assert ways_to(picture, Api()) == [True] * 6
    assert Notification.objects.filter(type="picture_cleared").exists()


def test_pictures_of_before_stay_where_they_are_until_they_are_found(check):
    picture = drawn(style=StyleFactory(allows_mature=True), visibility="public")
    Generation.objects.update(rating="general")
    assert ways_to(picture, Api()) == [True] * 6
    check.says = 0.7
    pictures.check_next()
    assert rated(picture) == "mature"


def test_without_the_package_pictures_wait_and_count_as_mature(check, monkeypatch):
    picture = drawn(visibility="public")

    def missing():
        raise ServiceUnavailable("Install it.")

    monkeypatch.setattr(nudity, "checker", missing)
    assert pictures.check_next() is False
    assert rated(picture) == "unrated"
    assert ways_to(picture, Api()) == [False] * 6


def test_what_cannot_be_read_stays_unrated_and_keeps_nobody_waiting(check, monkeypatch):
    monkeypatch.setattr(checkers, "AWAY_SECONDS", 0)
    good = drawn()
    bad = drawn()
    storage.delete([bad.image_path])
    for _ in range(10):
        pictures.check_next()
    assert (rated(good), rated(bad)) == ("general", "unrated")
    assert not Generation.objects.to_rate().exists()


def test_switched_off_nothing_is_looked_at(check, settings):
    settings.PICTURE_CHECK = "off"
    picture = drawn(visibility="public")
    assert (picture.rating, pictures.check_next()) == ("general", False)
    assert ways_to(picture, Api()) == [True] * 6
