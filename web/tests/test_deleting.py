"""Deleting one's own pictures on the site: asked first, and undone within a week."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app.models import Generation, Licence, Style, Transaction, User
from app.services import deletion_service
from app.tests.factories import GenerationFactory, PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db

DELETE, DELETED, RESTORE = "/mine/delete", "/mine/deleted", "/mine/deleted/restore"


@pytest.fixture
def page(buyer: User, signed_in: Any) -> Any:
    return signed_in(buyer)


@pytest.fixture
def own(buyer: User, style: Style, media: Any) -> dict[str, Generation]:
    return {
        "shown": PublicPictureFactory(user=buyer, style=style, prompt_tags=["castle"]),
        "private": GenerationFactory(user=buyer, style=style, prompt_tags=["harbor"]),
        "failed": GenerationFactory(user=buyer, style=style, status="failed"),
        "making": GenerationFactory(user=buyer, style=style, status="processing"),
        "theirs": GenerationFactory(user=UserFactory(), style=style),
    }


def ids_of(own: dict[str, Generation]) -> list[int]:
    return [each.pk for each in own.values()]


def text(answer: Any) -> str:
    return answer.content.decode()


def kept(buyer: User) -> set[int]:
    return set(Generation.objects.kept_by(buyer.pk).values_list("pk", flat=True))


def test_a_picture_is_deleted_from_its_page_after_a_question(
    page: Any, own: dict[str, Generation], client: Any
) -> None:
    picture = own["shown"]
    assert f'href="/pictures/{picture.pk}/delete"' in text(page.get(f"/pictures/{picture.pk}"))
    entries = Transaction.objects.count()
    asked = text(page.get(f"/pictures/{picture.pk}/delete"))
    for said in (
        "Delete this picture?",
        "Nobody will see what is public now any more",
        "For a week you can put back what you delete",
        "no tokens are given back",
        "Licences stay valid.",
    ):
        assert said in asked, said
    assert f'name="picture" value="{picture.pk}"' in asked
    # Looking at the question deletes nothing.
    assert Generation.objects.get(pk=picture.pk).deleted_at is None
    form = {"picture": [picture.pk], "next": f"/pictures/{picture.pk}", "sure": "1"}
    answer = page.post(DELETE, form, follow=True)
    assert answer.redirect_chain == [("/mine", 302)]
    assert "1 picture was deleted." in text(answer)
    assert page.get(f"/pictures/{picture.pk}").status_code == 404
    assert client.get(f"/pictures/{picture.pk}").status_code == 404
    # What was sold stays sold.
    assert Transaction.objects.count() == entries
    assert Licence.objects.get(pk=picture.pk).is_valid
    assert client.get(f"/licences/{picture.licence_number}").status_code == 200


def test_a_picture_that_failed_can_be_deleted_and_one_under_way_not(
    page: Any, own: dict[str, Generation]
) -> None:
    for name, status in (("failed", 200), ("making", 404), ("theirs", 404)):
        path = f"/pictures/{own[name].pk}"
        assert page.get(f"{path}/delete").status_code == status, name
        if name != "theirs":
            assert (f'"{path}/delete"' in text(page.get(path))) is (status == 200)
    asked = text(page.get(f"/pictures/{own['failed'].pk}/delete"))
    # Nothing was licensed, and nothing is public.
    assert "Licences stay valid" not in asked
    assert "Nobody will see" not in asked
    assert "Download first" not in asked


def test_those_that_were_chosen_are_asked_for_and_deleted(
    page: Any, buyer: User, own: dict[str, Generation]
) -> None:
    chosen = {"picture": ids_of(own), "next": "/mine?q=sea"}
    asked = page.post(DELETE, chosen)
    assert asked.status_code == 200
    assert "Delete 3 pictures?" in text(asked)
    assert "One is still being made and is not deleted." in text(asked)
    sent = [int(pk) for pk in re.findall(r'name="picture" value="(\d+)"', text(asked))]
    assert sorted(sent) == sorted(own[name].pk for name in ("shown", "private", "failed"))
    assert len(kept(buyer)) == 4
    answer = page.post(DELETE, {**chosen, "sure": "1"}, follow=True)
    assert answer.redirect_chain == [("/mine?q=sea", 302)]
    assert "3 pictures were deleted." in text(answer)
    assert kept(buyer) == {own["making"].pk}
    assert Generation.objects.get(pk=own["theirs"].pk).deleted_at is None
    again = page.post(DELETE, {**chosen, "sure": "1"}, follow=True)
    assert "None of these pictures can be deleted" in text(again)


def test_only_the_first_of_many_are_shown(page: Any, buyer: User, style: Style) -> None:
    many = [GenerationFactory(user=buyer, style=style).pk for _ in range(14)]
    asked = text(page.post(DELETE, {"picture": many}))
    assert "Delete 14 pictures?" in asked
    assert asked.count('class="piece') == 12
    assert "And 2 more." in asked


@pytest.mark.parametrize(
    "given", [{}, {"picture": ["x"]}, {"picture": list(range(1, 502)), "sure": "1"}]
)
@pytest.mark.parametrize("path", [DELETE, RESTORE])
def test_what_makes_no_sense_changes_nothing(
    page: Any, buyer: User, own: dict[str, Generation], path: str, given: dict[str, Any]
) -> None:
    answer = page.post(path, given | {"next": "https://elsewhere.example/"}, follow=True)
    assert answer.redirect_chain == [("/mine" if path == DELETE else DELETED, 302)]
    assert "Choose pictures first, at most 500 at once." in text(answer)
    assert len(kept(buyer)) == 4


def test_what_is_deleted_is_put_back_one_or_several(
    page: Any, buyer: User, own: dict[str, Generation]
) -> None:
    assert "Nothing here." in text(page.get(DELETED))
    ids = [own[name].pk for name in ("shown", "private", "failed")]
    assert deletion_service.delete_several(user=buyer, generation_ids=ids) == 3
    listed = text(page.get(DELETED))
    boxes = re.findall(r'type="checkbox" name="picture" value="(\d+)" form="restored"', listed)
    assert sorted(map(int, boxes)) == sorted(ids)
    assert listed.count("gone for good on") == 3
    # Nowhere else.
    assert 'class="look"' not in text(page.get("/mine?show=failed"))
    answer = page.post(RESTORE, {"picture": [ids[0]]}, follow=True)
    assert answer.redirect_chain == [(DELETED, 302)]
    assert "1 picture was put back. It is private." in text(answer)
    answer = page.post(RESTORE, {"picture": [*ids, own["theirs"].pk]}, follow=True)
    assert "2 pictures were put back." in text(answer)
    assert Generation.objects.get(pk=ids[0]).visibility == "private"
    assert len(kept(buyer)) == 4
    again = page.post(RESTORE, {"picture": ids}, follow=True)
    assert "These pictures cannot be put back any more." in text(again)


def test_after_a_week_nothing_can_be_put_back(
    page: Any, buyer: User, own: dict[str, Generation]
) -> None:
    picture = own["private"]
    deletion_service.delete(user=buyer, generation_id=picture.pk)
    later = datetime.now(UTC) + deletion_service.KEPT_FOR + timedelta(seconds=1)
    with time_machine.travel(later, tick=False):
        assert "Nothing here." in text(page.get(DELETED))
        answer = page.post(RESTORE, {"picture": [picture.pk]}, follow=True)
        assert "cannot be put back" in text(answer)
    assert picture.pk not in kept(buyer)


def test_nobody_sees_or_restores_what_others_deleted(
    own: dict[str, Generation], buyer: User, signed_in: Any
) -> None:
    deletion_service.delete(user=buyer, generation_id=own["private"].pk)
    other = signed_in(own["theirs"].user)
    assert "Nothing here." in text(other.get(DELETED))
    other.post(RESTORE, {"picture": [own["private"].pk]})
    other.post(DELETE, {"picture": [own["shown"].pk], "sure": "1"})
    assert kept(buyer) == {own[name].pk for name in ("shown", "failed", "making")}


def test_only_who_is_signed_in(client: Any, buyer: User, own: dict[str, Generation]) -> None:
    for path in (DELETED, f"/pictures/{own['shown'].pk}/delete"):
        assert "/sign-in?next=" in client.get(path)["Location"]
    for path in (DELETE, RESTORE):
        given = {"picture": [own["shown"].pk], "sure": "1"}
        assert "/sign-in" in client.post(path, given)["Location"]
        # The address of a form leads to its page.
        assert client.get(path)["Location"] == ("/mine" if path == DELETE else DELETED)
    assert len(kept(buyer)) == 4


@pytest.mark.parametrize("path", [DELETED, DELETE])
def test_more_pictures_take_no_more_statements(
    page: Any, buyer: User, style: Style, path: str, django_assert_max_num_queries: Any
) -> None:
    many = [GenerationFactory(user=buyer, style=style).pk for _ in range(15)]
    if path == DELETED:
        deletion_service.delete_several(user=buyer, generation_ids=many)
    page.get("/mine")
    with django_assert_max_num_queries(8):
        answer = page.get(path) if path == DELETED else page.post(path, {"picture": many})
    assert answer.status_code == 200


def test_in_korean(page: Any, own: dict[str, Generation]) -> None:
    asked = page.post(DELETE, {"picture": ids_of(own)}, headers={"Accept-Language": "ko"})
    assert "그림 3장을 삭제할까요?" in text(asked)
    shown = page.get(DELETED, headers={"Accept-Language": "ko"})
    assert "삭제한 그림" in text(shown)
