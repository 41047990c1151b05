"""One rule for names, at every door: what can be seen, written in one way, like nobody else's."""

from __future__ import annotations

import importlib
import unicodedata

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client

from app.exceptions import InvalidInput
from app.models import ApiKey, Artist, Comment, Style, User
from app.services import style_service, user_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.uploads import style_form
from app.utils import names

pytestmark = pytest.mark.django_db

ME = "/api/users/me"
UNSEEN = [
    "\u200b",
    "\u3164",
    "\u2800",
    "\u115f\u1160",
    "\u202e\u2066",
    "\u00ad",
    "\u200d",
    "\ufe0f",
]
# Written otherwise, all of these read "mira".
LOOK_ALIKES = [
    "MIRA",
    "\uff4d\uff49\uff52\uff41",  # full width
    "\U0001d426\U0001d422\U0001d42b\U0001d41a",  # mathematical
    "m\u0456r\u0430",  # Cyrillic i and a
    "mir\u0251",  # Latin alpha
    "rnira",
]
UNSEEN_INSIDE = ["mi\u200bra", "mira\u3164", "\u202emira", "mi\u2060ra"]


class TestSkeletons:
    @pytest.mark.parametrize("name", LOOK_ALIKES + UNSEEN_INSIDE)
    def test_look_alikes_have_one(self, name):
        assert names.skeleton(name) == names.skeleton("mira")

    @pytest.mark.parametrize("name", ["mire", "mirra", "m\u00efra", "mir", "미라", "mira-2"])
    def test_others_have_another(self, name):
        assert names.skeleton(name) != names.skeleton("mira")

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Caf\u00e9", "Cafe\u0301"),
            ("미라", "\u1106\u1175\u1105\u1161"),
            ("b0b", "BOB"),
            ("Al1", "A1l"),
            ("Straße", "STRASSE"),
        ],
    )
    def test_pairs(self, one, other):
        assert names.skeleton(one) == names.skeleton(other)


class TestUserNames:
    @pytest.mark.parametrize("name", LOOK_ALIKES)
    def test_one_that_looks_like_another_is_taken(self, name, artist, as_buyer, buyer):
        answer = as_buyer.patch(ME, {"username": name})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert answer.details == {
            "username": ["This user name, or one that looks like it, is taken. Choose another one."]
        }
        buyer.refresh_from_db()
        assert buyer.username == "bo"

    @pytest.mark.parametrize(
        "name", ["..", "__", "-.", *UNSEEN, "\u3164\u3164", "½½", "\ufdfa" * 5]
    )
    def test_one_without_a_letter_is_none(self, name, as_buyer, buyer):
        answer = as_buyer.patch(ME, {"username": name})
        assert (answer.status, list(answer.details)) == (400, ["username"])
        buyer.refresh_from_db()
        assert buyer.username == "bo"

    @pytest.mark.parametrize(
        ("given", "kept"),
        [("\uff22\uff4f", "Bo"), ("Rene\u0301", "Ren\u00e9"), ("\u1106\u1175\u1105\u1161", "미라")],
    )
    def test_it_is_kept_in_one_form(self, given, kept, as_buyer, buyer):
        assert as_buyer.patch(ME, {"username": given}).data["username"] == kept
        buyer.refresh_from_db()
        assert buyer.username_skeleton == names.public_skeletons(kept)[0]

    def test_ones_own_may_be_written_otherwise(self, as_buyer):
        assert as_buyer.patch(ME, {"username": "BO"}).data["username"] == "BO"

    def test_the_site_has_the_same_rule(self, artist, buyer):
        client = Client()
        client.force_login(buyer)
        for name in [*LOOK_ALIKES, "..", "\u3164\u3164"]:
            assert client.post("/account", {"username": name, "bio": ""}).status_code == 400
        assert client.post("/account", {"username": "Rene\u0301", "bio": ""}).status_code == 302
        buyer.refresh_from_db()
        assert buyer.username == "Ren\u00e9"

    def test_signing_in_numbers_look_alikes(self):
        made = [
            User.objects.create(username=user_service.unique_username(name))
            for name in ("Mira", *LOOK_ALIKES[:4])
        ]
        assert [user.username for user in made[:3]] == ["mira", "mira-2", "mira-3"]
        assert len({user.username_skeleton for user in made}) == len(made)

    def test_a_korean_name_is_one_account_however_it_is_written(self, settings):
        settings.DEMO_SIGN_IN = True
        names_of_one = ("미라", "\u1106\u1175\u1105\u1161", "\uff2d\uff49", "mi")
        users = [user_service.sign_in_demo(name).pk for name in names_of_one]
        assert (users[0], users[2]) == (users[1], users[3])
        with pytest.raises(InvalidInput):
            user_service.sign_in_demo("..")

    def test_nobody_is_called_by_what_cannot_be_seen(self):
        assert user_service.unique_username("\u3164\u3164") == "user"


class TestArtistNames:
    @pytest.mark.parametrize("name", ["mira halden", "Mir\u0430 Halden", "Mira\u200b  Halden"])
    def test_each_is_of_one_artist(self, name, artist, as_buyer, buyer, media):
        answer = as_buyer.upload(f"{ME}/artist", {"artist_name": name})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert answer.details == {
            "artist_name": [
                "This artist name, or one that looks like it, is taken. Choose another one."
            ]
        }
        buyer.refresh_from_db()
        assert (buyer.role, Artist.objects.count()) == ("user", 1)

    @pytest.mark.parametrize("name", [*UNSEEN, "!!", "\ufdfa" * 40])
    def test_one_needs_a_letter_and_fits(self, name, as_buyer):
        answer = as_buyer.upload(f"{ME}/artist", {"artist_name": name})
        assert (answer.status, list(answer.details)) == (400, ["artist_name"])
        assert not Artist.objects.exists()

    def test_the_site_says_so_too(self, artist, buyer):
        client = Client()
        client.force_login(buyer)
        page = client.post("/studio/join", {"artist_name": "Mir\u0430 Halden"})
        assert page.status_code == 400
        assert (
            "This artist name, or one that looks like it, is taken. Choose another one."
            in page.content.decode()
        )

    def test_the_name_of_one_who_left_is_free(self, artist, as_buyer):
        for leaving in (artist, ArtistFactory(artist_name="Second").user):
            assert Api(leaving).delete(ME).status == 204
        answer = as_buyer.post(f"{ME}/artist", {"artist_name": "Mira Halden"})
        assert answer.data["artist"]["artist_name"] == "Mira Halden"

    def test_staff_are_refused_as_well(self, artist):
        other, staff = ArtistFactory(artist_name="Bo Ink"), UserFactory(is_staff=True)
        User.objects.filter(pk=staff.pk).update(is_superuser=True)
        client = Client()
        client.force_login(User.objects.get(pk=staff.pk))
        address = f"/admin/app/artist/{other.pk}/change/"
        page = client.post(address, {"artist_name": "Mir\u0430 Halden"})
        assert (
            "This artist name, or one that looks like it, is taken. Choose another one."
            in page.content.decode()
        )
        assert client.post(address, {"artist_name": "Bo  Ink\u0301"}).status_code == 302
        other.refresh_from_db()
        assert other.artist_name == "Bo In\u1e31"
        assert other.name_skeleton == names.public_skeletons("Bo In\u1e31")[0]


class TestStyleNames:
    @pytest.mark.parametrize(
        "name", ["Cafe\u0301", "CAF\u00c9", "C\u0430f\u00e9", "Caf\u00e9\u2800"][:]
    )
    def test_an_artist_has_each_once(self, name, as_artist, artist, media):
        StyleFactory(artist=artist.artist, name="Caf\u00e9")
        answer = as_artist.upload("/api/models", style_form(name=name))
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")
        assert Style.objects.count() == 1

    @pytest.mark.parametrize("name", UNSEEN)
    def test_one_needs_a_letter(self, name, as_artist, media):
        answer = as_artist.upload("/api/models", style_form(name=name))
        assert (answer.status, list(answer.details)) == (400, ["name"])
        assert not Style.objects.exists()

    def test_it_is_kept_in_one_form(self, as_artist, media):
        given = as_artist.upload("/api/models", style_form(name="Cafe\u0301  \uff11\u200b"))
        assert given.data["name"] == "Caf\u00e9 1"

    def test_a_withdrawn_one_does_not_come_back_beside_its_look_alike(self, as_artist, artist):
        withdrawn = StyleFactory(artist=artist.artist, name="Fog", is_active=False)
        StyleFactory(artist=artist.artist, name="F\u043eg")
        answer = as_artist.patch(f"/api/models/{withdrawn.pk}", {"is_active": True})
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")

    def test_two_artists_may_have_the_same(self, artist):
        other = ArtistFactory()
        StyleFactory(artist=artist.artist, name="Fog")
        StyleFactory(artist=other, name="Fog")
        assert not style_service._has_style_named(other, "Mist")


class TestTexts:
    @pytest.mark.parametrize("text", [*UNSEEN, "\u200b \u3164\n\u2800"])
    def test_a_comment_and_a_key_have_something_to_read(self, text, as_buyer):
        picture = PublicPictureFactory()
        said = as_buyer.post(f"/api/images/{picture.pk}/comments", {"content": text})
        named = as_buyer.post("/api/keys", {"name": text, "scopes": ["read"]})
        assert (said.status, list(said.details)) == (400, ["content"])
        assert (named.status, list(named.details)) == (400, ["name"])
        assert not Comment.objects.exists()
        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("text", ["👍", "?!", "좋아요", "👩\u200d🎨", "½"])
    def test_a_sign_is_enough(self, text, as_buyer):
        picture = PublicPictureFactory()
        said = as_buyer.post(f"/api/images/{picture.pk}/comments", {"content": text})
        assert said.data["content"] == text

    def test_the_sites_forms_say_so_too(self, buyer):
        picture, client = PublicPictureFactory(), Client()
        client.force_login(buyer)
        client.post(f"/pictures/{picture.pk}/comments", {"content": "\u3164"})
        assert client.post("/account/keys", {"name": "\u2800", "scopes": "read"}).status_code == 400
        client.post(f"/pictures/{picture.pk}/comments", {"content": "Cafe\u0301"})
        assert Comment.objects.get().content == "Caf\u00e9"

    @pytest.mark.parametrize("form", [False, True])
    def test_texts_are_composed_whatever_they_come_in(self, form, as_buyer, buyer):
        text = "e\u0301" * 400
        if form:
            from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

            body, kind = encode_multipart(BOUNDARY, {"bio": text}), MULTIPART_CONTENT
            answer = as_buyer.call("PATCH", ME, data=body, content_type=kind)
        else:
            answer = as_buyer.patch(ME, {"bio": text})
        assert answer.data["bio"] == "\u00e9" * 400

    @pytest.mark.parametrize("site", [False, True])
    def test_marks_do_not_pile_up_over_the_page(self, site, as_buyer, buyer):
        picture, text = PublicPictureFactory(), "a" + "\u0301" * 499
        client = Client()
        client.force_login(buyer)
        if site:
            client.post(f"/pictures/{picture.pk}/comments", {"content": text})
        else:
            as_buyer.post(f"/api/images/{picture.pk}/comments", {"content": text})
        assert Comment.objects.get().content == "\u00e1" + "\u0301" * names.MOST_MARKS

    def test_what_nobody_sees_does_not_begin_the_count_anew(self, as_buyer):
        picture = PublicPictureFactory()
        for between in "\u200b\u200d\ufe0f":
            text = "a" + ("\u0301" * 8 + between) * 40
            as_buyer.post(f"/api/images/{picture.pk}/comments", {"content": text})
            kept = unicodedata.normalize("NFD", Comment.objects.latest("pk").content)
            assert kept.count("\u0301") <= names.MOST_MARKS + 1

    @pytest.mark.parametrize(
        "text",
        [
            "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48",
            "\u05d1\u05bc\u05b0",
            "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82",
        ],
    )
    def test_scripts_that_need_many_marks_keep_them(self, text):
        assert names.composed(text) == unicodedata.normalize("NFC", text)

    def test_what_grows_when_composed_is_measured_then(self, as_buyer):
        assert as_buyer.patch(ME, {"bio": "\u0958" * 500}).refusal == (400, "VALIDATION_ERROR")

    def test_a_search_finds_it_however_it_is_written(self, as_anyone):
        style = StyleFactory(name="Caf\u00e9")
        assert as_anyone.get("/api/models", q="cafe\u0301").ids == [style.pk]


class TestNamesThatExist:
    def test_they_stay_and_the_oldest_is_compared_with(self, as_buyer):
        """As the migration leaves them: written by a version that knew no look-alikes."""
        old, copy = UserFactory(username="mira"), UserFactory(username="m\u0456ra-x")
        User.objects.filter(pk=copy.pk).update(username="m\u0456ra")
        first, second = ArtistFactory(artist_name="Fog"), ArtistFactory(artist_name="Other")
        Artist.objects.filter(pk=second.pk).update(artist_name="F\u043eg")
        styles = [StyleFactory(artist=first, name=name) for name in ("Sea", "Other")]
        Style.objects.filter(pk=styles[1].pk).update(name="S\u0435a")
        User.objects.update(username_skeleton=None)
        for kind in (Artist, Style):
            kind.objects.update(name_skeleton=None)
        migration = importlib.import_module("app.migrations.0009_names_and_facts")
        migration.take_skeletons(apps, connection.schema_editor())
        looks = names.skeleton("mira")
        kept = [User.objects.get(pk=one.pk).username_skeleton for one in (old, copy)]
        assert kept == [looks, f"{looks}\n{copy.pk}"]
        assert Artist.objects.get(pk=second.pk).name_skeleton == f"fog\n{second.pk}"
        assert Style.objects.get(pk=styles[1].pk).name_skeleton == f"sea\n{styles[1].pk}"
        # They go on being used and changed.
        assert Api(copy).patch(ME, {"bio": "Still here."}).data["username"] == "m\u0456ra"
        assert Api(copy).patch(ME, {"username": "m\u0456ra"}).status == 200
        assert Api(copy).patch(ME, {"username": "mIra"}).status == 400
        assert as_buyer.patch(ME, {"username": "mir\u0251"}).status == 400

    def test_rows_of_the_version_before_are_no_mistake(self, as_buyer, buyer):
        """It goes on for a while, and writes rows without the new columns."""
        User.objects.filter(pk=buyer.pk).update(username_skeleton=None)
        assert as_buyer.patch(ME, {"bio": "Hello."}).status == 200
        assert as_buyer.patch(ME, {"username": "bob"}).status == 200
        buyer.refresh_from_db()
        assert buyer.username_skeleton == "bob"

    def test_a_superuser_has_one_too(self):
        call_command(
            "createsuperuser",
            username="Root",
            email="r@example.org",
            interactive=False,
            verbosity=0,
        )
        assert User.objects.get(username="Root").username_skeleton == "root"
