"""Names that people trust: nobody is called almost like another, and nobody like us."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.test import Client

from app.models import Artist, User
from app.services import user_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory
from app.utils import names

pytestmark = pytest.mark.django_db

ME, ARTIST = "/api/users/me", "/api/users/me/artist"
TAKEN = {
    "artist_name": ["This artist name, or one that looks like it, is taken. Choose another one."]
}
RESERVED = "This name is reserved. Choose another one."
LIKE_MIRA = [
    "Mira Halden.",
    "\u201cMira Halden\u201d",
    "MiraHalden",
    "mira_halden",
    "Mira\u2002\u2003Halden",
    "Mira Halden \U0001f3a8",
    "Mira Halden\u00b7",
    "Mi\u0335ra Halden",  # a stroke through the letter
    "Mira Hal\u20ddden",  # a circle around it
    "M\u00edra Hald\u00e9n",
    "Mira Ha\u0142den",  # l with stroke
    "\u041cira \u041dalden",  # Cyrillic M and H
    "\u039cIRA HALDE\u039d",  # Greek M and N, which look so as capitals alone
    "\u043cira halden",
    "\u1d0d\u026a\u0280\u1d00 halden",  # small capitals
    "MlRA HALDEN",
    "M1ra Halden",
]
OTHERS = [
    "Mira Halder",
    "Mira Halden 2",
    "Mira",
    "Mara Halden",
    "\ubbf8\ub77c",
    "\u041c\u0438\u0440\u0430",
]
OURS = [
    "Admin",
    "\u0430dmin",
    "A.D.M.I.N",
    "adm1n",
    "Support 2",
    "Staff Team",
    "system",
    "Style  License",
    "STYLE-LICENSE Support",
    "Closed account",
    "\uad00\ub9ac\uc790",
    "\uacf5\uc2dd \uc6b4\uc601\uc790",
]


@pytest.mark.parametrize("name", LIKE_MIRA)
class TestLookAlikes:
    def test_nobody_becomes_one(self, name, artist, as_buyer, buyer):
        assert as_buyer.post(ARTIST, {"artist_name": name}).details == TAKEN
        buyer.refresh_from_db()
        assert (buyer.role, Artist.objects.count()) == ("user", 1)

    def test_nobody_takes_one_later(self, name, artist):
        other = ArtistFactory(artist_name="Bo Ink")
        assert Api(other.user).patch(ARTIST, {"artist_name": name}).details == TAKEN
        client = Client()
        client.force_login(other.user)
        page = client.post("/studio/profile", {"artist_name": name})
        assert (page.status_code, TAKEN["artist_name"][0] in page.content.decode()) == (400, True)
        other.refresh_from_db()
        assert other.artist_name == "Bo Ink"


def test_others_are_free(artist):
    for number, name in enumerate(OTHERS):
        made = Api(UserFactory(username=f"free-{number}")).post(ARTIST, {"artist_name": name})
        assert made.status == 201, name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "\u00e1lice"),
        ("alice", "aIice"),
        ("alice", "al.ice_"),
        ("alice", "\u0430lice"),  # Cyrillic a
        ("bob", "b\u00f2b"),
        ("mira", "m\u00edr\u00e1"),
        ("mira", "m1ra"),
        ("j\u00fan", "jun"),
    ],
)
class TestUserNames:
    def test_nobody_takes_one_that_looks_like_anothers(self, name, other, as_buyer, buyer):
        UserFactory(username=name)
        said = "This user name, or one that looks like it, is taken. Choose another one."
        assert as_buyer.patch(ME, {"username": other}).details == {"username": [said]}
        client = Client()
        client.force_login(buyer)
        page = client.post("/account", {"username": other, "bio": ""})
        assert (page.status_code, said in page.content.decode()) == (400, True)
        buyer.refresh_from_db()
        assert buyer.username == "bo"

    def test_who_signs_up_with_it_gets_a_number(self, name, other):
        UserFactory(username=name)
        start = user_service.unique_username(other)
        assert start == f"{other.lower()}-2"
        UserFactory(username=start)
        assert user_service.unique_username(name) == f"{name}-3"

    def test_those_that_exist_stay_as_they_are(self, name, other, as_buyer):
        older, younger = UserFactory(username=name), UserFactory(username=f"{name}-x")
        before(older, name)
        before(younger, other)
        look = names.public_skeletons(name)[0]
        migration = importlib.import_module("app.migrations.0105_user_looks")
        for _ in range(2):  # whatever broke off may be done again
            migration.take_looks(apps, connection.schema_editor())
        kept = dict(User.objects.values_list("username", "username_skeleton"))
        assert set(kept) == {"bo", name, other}
        assert {kept[name], kept[other]} in (
            {look, f"{look}\n{younger.pk}"},
            {look, f"{look}\n{older.pk}"},
        )
        for user, called in ((older, name), (younger, other)):
            again = Api(user).patch(ME, {"username": called, "bio": "Still here."})
            assert again.data["username"] == called
        # Whichever of the two leaves, the other one is still compared with.
        user_service.close_account(older)
        assert as_buyer.patch(ME, {"username": name}).status == 400
        assert user_service.unique_username(name) == f"{name}-2"


def before(user, name):
    """As the version before wrote it."""
    look = names.skeleton(name)
    if User.objects.exclude(pk=user.pk).filter(username_skeleton=look).exists():
        look = f"{look}\n{user.pk}"
    User.objects.filter(pk=user.pk).update(username=name, username_skeleton=look)


@pytest.mark.parametrize("name", ["alice2", "alicia", "\uc568\ub9ac\uc2a4", "alicee"])
def test_other_user_names_are_free(name, as_buyer):
    UserFactory(username="alice")
    assert as_buyer.patch(ME, {"username": name}).data["username"] == name


def test_what_the_version_before_writes_meanwhile_is_compared_with_too(as_buyer):
    before(UserFactory(username="other"), "j\u00fan")
    assert as_buyer.patch(ME, {"username": "j\u00fan"}).status == 400
    assert user_service.unique_username("j\u00fan") == "j\u00fan-2"


def test_names_taken_during_the_migration_are_seen_the_next_time(buyer, monkeypatch):
    """Somebody takes a name between what it reads and what it writes."""
    migration = importlib.import_module("app.migrations.0105_user_looks")
    before(buyer, "mira")
    take, tries = migration.take_batch, []

    def late(rows, users):
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError
        take(rows, users)

    monkeypatch.setattr(migration, "take_batch", late)
    migration.take_looks(apps, connection.schema_editor())
    buyer.refresh_from_db()
    assert buyer.username_skeleton == names.public_skeletons("mira")[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u304b\u306f", "\u304c\u306f"),  # ka, ga
        ("\u0915\u093f", "\u0915\u0941"),  # ki, ku
        ("\u0e17\u0e35\u0e48", "\u0e17\u0e35"),
        ("\ubbf8\ub77c", "\ubbf8\ub77d"),
        ("\u674e", "\u674e\u674e"),
    ],
)
def test_marks_of_other_scripts_make_other_names(one, other):
    assert not set(names.public_skeletons(one)) & set(names.public_skeletons(other))


def test_ones_own_may_be_written_otherwise(as_artist):
    answer = as_artist.patch(ARTIST, {"artist_name": "Mira Halden."})
    assert answer.data["artist"]["artist_name"] == "Mira Halden."


@pytest.mark.parametrize("name", OURS)
class TestReserved:
    def test_no_artist_is_called_so(self, name, as_buyer, as_artist, artist):
        for answer in (
            as_buyer.post(ARTIST, {"artist_name": name}),
            as_artist.patch(ARTIST, {"artist_name": name}),
        ):
            assert answer.refusal == (400, "VALIDATION_ERROR")
            assert answer.details == {"artist_name": [RESERVED]}
        assert [each.artist_name for each in Artist.objects.all()] == ["Mira Halden"]

    def test_nor_does_a_user_choose_it_and_who_signs_up_with_it_gets_another(self, name, buyer):
        client, chosen = Client(), name.replace(" ", "-")
        client.force_login(buyer)
        assert client.post("/account", {"username": chosen, "bio": ""}).status_code == 400
        refused = Api(buyer).patch(ME, {"username": chosen})
        assert refused.details == {"username": [RESERVED]}
        assert user_service.unique_username(name) == "user"


def test_the_site_says_so_in_korean(buyer):
    client = Client(headers={"Accept-Language": "ko"})
    client.force_login(buyer)
    page = client.post("/studio/join", {"artist_name": "Admin"}).content.decode()
    assert "\uc0ac\uc6a9\ud560 \uc218 \uc5c6\ub294 \uc774\ub984" in page


@pytest.mark.parametrize("name", ["Staff Sergeant", "Helper", "Teamwork Art", "Steam", "Ann 2"])
def test_words_of_ours_among_others_are_free(name, as_buyer):
    assert as_buyer.post(ARTIST, {"artist_name": name}).status == 201


def test_the_name_of_a_closed_account_is_not_taken_from_it():
    """The next account that is closed gets it too."""
    for number in range(2):
        leaving = ArtistFactory(artist_name=f"Leaving {'AB'[number]}")
        user_service.close_account(leaving.user)
    assert [each.artist_name for each in Artist.objects.all()] == ["Closed account"] * 2


class TestNamesThatExist:
    def test_they_stay_and_the_oldest_is_compared_with(self, as_buyer):
        """As the version before left them."""
        before = ["Fog.", "Fog", "Admin", "Sea Mist", "SeaMist", "F\u00f3g"]
        artists = [ArtistFactory(artist_name=f"Artist {number}x") for number in range(7)]
        for artist, name in zip(artists, before, strict=False):
            Artist.objects.filter(pk=artist.pk).update(
                artist_name=name, name_skeleton=names.skeleton(name)
            )
        Artist.objects.filter(pk=artists[6].pk).update(artist_name="Old", name_skeleton=None)
        user_service.close_account(ArtistFactory().user)
        migration = importlib.import_module("app.migrations.0022_artist_looks")
        for _ in range(2):  # whatever broke off may be done again
            migration.take_looks(apps, connection.schema_editor())
        kept = dict(Artist.objects.values_list("artist_name", "name_skeleton"))
        fog, admin = names.public_skeletons("fog")[0], names.public_skeletons("admin")[0]
        mist, old = names.public_skeletons("seamist")[0], names.public_skeletons("old")[0]
        assert kept == {
            "Fog.": fog,
            "Fog": f"{fog}\n{artists[1].pk}",
            "Admin": admin,
            "Sea Mist": mist,
            "SeaMist": f"{mist}\n{artists[4].pk}",
            "F\u00f3g": f"{fog}\n{artists[5].pk}",
            "Old": old,
            "Closed account": None,
        }
        for artist, name in zip(artists, before, strict=False):
            again = Api(User.objects.get(pk=artist.pk)).patch(ARTIST, {"artist_name": name})
            assert again.data["artist"]["artist_name"] == name
        assert as_buyer.post(ARTIST, {"artist_name": "fog!"}).details == TAKEN

    def test_one_that_looked_like_an_older_one_is_still_taken(self, as_buyer):
        older, younger = ArtistFactory(artist_name="José"), ArtistFactory(artist_name="Mist")
        look = names.public_skeletons("Jose")[0]
        Artist.objects.filter(pk=younger.pk).update(
            artist_name="Jose", name_skeleton=f"{look}\n{younger.pk}"
        )
        assert Api(older.user).patch(ARTIST, {"artist_name": "Somebody"}).status == 200
        assert as_buyer.post(ARTIST, {"artist_name": "Jose"}).details == TAKEN

    def test_what_the_version_before_writes_meanwhile_is_compared_with(self, artist, as_buyer):
        Artist.objects.update(name_skeleton=names.skeleton("Mira Halden"))
        assert as_buyer.post(ARTIST, {"artist_name": "Mira Halden"}).details == TAKEN
