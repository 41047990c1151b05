"""Collections on the site: made, filled, shown, downloaded, renamed and deleted without scripts."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from PIL import Image

from app.models import Collected, Collection, Generation, Style, User
from app.services import collection_service
from app.tests.factories import GenerationFactory, UserFactory
from web.tests.test_kept_forms import value_of

pytestmark = pytest.mark.django_db

PAGE, COLLECT = "/mine/collections", "/mine/collect"


@pytest.fixture
def page(buyer: User, signed_in: Any) -> Any:
    return signed_in(buyer)


@pytest.fixture
def pictures(buyer: User, style: Style, media: Any) -> list[Generation]:
    """Three of the buyer's own, the newest last."""
    made = [GenerationFactory(user=buyer, style=style, prompt_tags=[f"sea {n}"]) for n in range(3)]
    for picture in made:
        path = media / picture.image_path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return made


@pytest.fixture
def calendar(buyer: User, pictures: list[Generation]) -> Collection:
    """One with the first two pictures in it."""
    ids = [picture.pk for picture in pictures[:2]]
    return collection_service.create(user=buyer, name="Calendar", image_ids=ids)


def text(answer: Any) -> str:
    return answer.content.decode()


def found(client: Any, query: str) -> list[int]:
    shown = text(client.get(f"/mine?{query}"))
    return [int(number) for number in re.findall(r'class="look" href="/pictures/(\d+)"', shown)]


def held_by(collection: Collection) -> set[int]:
    rows = Collected.objects.filter(collection=collection)
    return set(rows.values_list("generation_id", flat=True))


def test_one_is_made_once_and_shown_with_its_number(page: Any, buyer: User) -> None:
    assert PAGE in text(page.get("/mine"))
    assert "You have no collections." in text(page.get(PAGE))
    form = {"name": " Spring  2026 ", "key": value_of(text(page.get(PAGE)), "key")}
    first, second = page.post(PAGE, form), page.post(PAGE, form)
    made = Collection.objects.get()
    assert (made.user, made.name) == (buyer, "Spring 2026")
    assert first["Location"] == second["Location"] == f"/mine?collection={made.pk}"
    listed = text(page.get(PAGE))
    assert f'href="/mine?collection={made.pk}"' in listed
    assert "0 pictures" in listed


def test_those_that_were_chosen_come_into_a_new_one(page: Any, pictures: list[Generation]) -> None:
    ids = [picture.pk for picture in pictures[1:]]
    named = text(page.post(COLLECT, {"picture": ids, "into": ""}))
    assert "A new collection with 2 pictures" in named
    sent = [int(pk) for pk in re.findall(r'name="picture" value="(\d+)"', named)]
    assert sent == ids
    assert not Collection.objects.exists()
    wrong = page.post(PAGE, {"name": "", "picture": sent})
    assert wrong.status_code == 400
    # They are not lost meanwhile.
    assert "A new collection with 2 pictures" in text(wrong)
    made = page.post(PAGE, {"name": "Poster", "picture": sent, "key": value_of(named, "key")})
    collection = Collection.objects.get(name="Poster")
    assert made["Location"] == f"/mine?collection={collection.pk}"
    assert held_by(collection) == set(ids)
    assert found(page, f"collection={collection.pk}") == ids[::-1]


def test_those_that_were_chosen_go_in_and_out(
    page: Any, pictures: list[Generation], calendar: Collection
) -> None:
    ids = [picture.pk for picture in pictures]
    shown = text(page.get("/mine"))
    assert f'<option value="{calendar.pk}">Calendar</option>' in shown
    assert "Take out of the collection" not in shown
    given = {"picture": ids[1:], "into": calendar.pk, "next": "/mine?q=sea"}
    answer = page.post(COLLECT, given, follow=True)
    assert answer.redirect_chain == [("/mine?q=sea", 302)]
    assert "2 pictures are in “Calendar” now." in text(answer)
    assert held_by(calendar) == set(ids)
    here = f"/mine?collection={calendar.pk}"
    assert "Take out of the collection" in text(page.get(here))
    given = {"picture": ids[:1], "act": "out", "collection": calendar.pk, "next": here}
    answer = page.post("/mine/chosen", given, follow=True)
    assert answer.redirect_chain == [(here, 302)]
    assert "1 picture was taken out of “Calendar”." in text(answer)
    assert held_by(calendar) == set(ids[1:])


def test_my_pictures_are_narrowed_by_it_together_with_all_else(
    page: Any, pictures: list[Generation], calendar: Collection
) -> None:
    first, second, third = (picture.pk for picture in pictures)
    assert found(page, "") == [third, second, first]
    assert found(page, f"collection={calendar.pk}") == [second, first]
    assert found(page, f"collection={calendar.pk}&q=1&show=private") == [second]
    # What is not there narrows nothing.
    theirs = collection_service.create(user=UserFactory(), name="Theirs")
    for wanted in (theirs.pk, "x", 10**20):
        assert found(page, f"collection={wanted}") == [third, second, first]
    assert "Theirs" not in text(page.get("/mine"))


def test_it_comes_as_one_zip(page: Any, pictures: list[Generation], calendar: Collection) -> None:
    link = f"/mine/pictures.zip?collection={calendar.pk}"
    assert f'href="{link}"' in text(page.get(f"{PAGE}/{calendar.pk}"))
    assert f'href="{link}"' in text(page.get(f"/mine?collection={calendar.pk}"))
    answer = page.get(link)
    named = f'attachment; filename="collection-{calendar.pk}.zip"'
    assert answer["Content-Disposition"] == named
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    assert sorted(name for name in names if name.endswith(".png")) == sorted(
        f"wet-paper-sea-{n}-{pictures[n].licence_number}.png" for n in range(2)
    )
    assert len(names) == 2 + 2 + 1


def test_it_is_renamed_and_deleted_and_its_pictures_stay(
    page: Any, buyer: User, calendar: Collection
) -> None:
    path = f"{PAGE}/{calendar.pk}"
    assert "Show 2 pictures" in text(page.get(path))
    answer = page.post(path, {"name": "Calendar 2027"}, follow=True)
    assert "Saved." in text(answer)
    assert Collection.objects.get().name == "Calendar 2027"
    answer = page.post(path, {"act": "delete"}, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert not Collection.objects.exists()
    assert Generation.objects.kept_by(buyer.pk).count() == 3
    assert page.get(path).status_code == 404
    assert page.post(path, {"name": "Gone"}).status_code == 404


def test_what_is_refused_is_said_in_the_readers_language(
    page: Any, buyer: User, calendar: Collection
) -> None:
    other = collection_service.create(user=buyer, name="Other")
    for language, words in (("en", "You have a collection of this name"), ("ko", "이름의 모음이")):
        headers = {"Accept-Language": language}
        for path in (PAGE, f"{PAGE}/{other.pk}"):
            refused = page.post(path, {"name": "CALENDAR"}, headers=headers)
            assert refused.status_code == 400
            assert words in text(refused), (language, path)
    assert set(Collection.objects.values_list("name", flat=True)) == {"Calendar", "Other"}


@pytest.mark.parametrize("limit", ["MAX_COLLECTIONS", "MAX_PICTURES"])
def test_too_many_are_refused_whole(
    page: Any,
    pictures: list[Generation],
    calendar: Collection,
    limit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collection_service, limit, 1)
    ids = [picture.pk for picture in pictures]
    if limit == "MAX_PICTURES":
        answer = page.post(COLLECT, {"picture": ids, "into": calendar.pk}, follow=True)
        assert "A collection holds at most 5,000 pictures." in text(answer)
    else:
        answer = page.post(PAGE, {"name": "One more", "picture": ids})
        assert answer.status_code == 400
        assert "You have 200 collections. Delete one first." in text(answer)
    assert Collection.objects.count() == 1
    assert len(held_by(calendar)) == 2


def test_pictures_and_collections_of_others_stay_theirs(
    page: Any, pictures: list[Generation], calendar: Collection, signed_in: Any
) -> None:
    stranger = UserFactory()
    theirs = collection_service.create(user=stranger, name="Theirs")
    strange = GenerationFactory(user=stranger).pk
    answer = page.post(COLLECT, {"picture": [strange], "into": calendar.pk}, follow=True)
    assert "Some of these are no pictures of yours." in text(answer)
    page.post(COLLECT, {"picture": [pictures[0].pk], "into": theirs.pk})
    page.post(PAGE, {"name": "Mixed", "picture": [pictures[0].pk, strange]})
    assert page.get(f"{PAGE}/{theirs.pk}").status_code == 404
    assert page.post(f"{PAGE}/{theirs.pk}", {"act": "delete"}).status_code == 404
    out = {"picture": [pictures[0].pk], "act": "out", "collection": calendar.pk}
    signed_in(stranger).post("/mine/chosen", out)
    assert set(Collection.objects.values_list("name", flat=True)) == {"Calendar", "Theirs"}
    assert held_by(calendar) == {pictures[0].pk, pictures[1].pk}
    assert held_by(theirs) == set()


def test_only_who_is_signed_in(client: Any, calendar: Collection) -> None:
    for path in (PAGE, f"{PAGE}/{calendar.pk}"):
        assert "/sign-in?next=" in client.get(path)["Location"]
        assert "/sign-in" in client.post(path, {"act": "delete", "name": "Mine"})["Location"]
    assert "/sign-in" in client.post(COLLECT, {"picture": [1]})["Location"]
    assert client.get(COLLECT)["Location"] == "/mine"
    assert Collection.objects.get().name == "Calendar"
