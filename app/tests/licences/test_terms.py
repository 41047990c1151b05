"""Terms and the declaration: published words that never change, chosen and accepted."""

from __future__ import annotations

import hashlib

import pytest
from django.db import IntegrityError, connection, transaction

from app.models import Declaration, DeclarationAcceptance, Style, Terms
from app.services import user_service
from app.services.licences import declaration, terms
from app.services.licences.declaration import Wording
from app.tests.factories import ArtistFactory, StyleFactory, UserFactory
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db


class TestTerms:
    def test_every_published_version_is_a_row(self):
        rows = {row.id: row for row in Terms.objects.all()}
        assert set(rows) == {"personal/1", "commercial/1", "commercial-no-attribution/1"}
        for each in terms.choices():
            row = rows[each.id]
            assert (row.document, row.sha256, row.odrl) == (each.document, each.sha256, each.odrl)
            assert row.sha256 == hashlib.sha256(row.document.encode()).hexdigest()

    def test_training_is_always_refused(self):
        for each in terms.choices():
            assert {"action": "tdm:mine"} in each.odrl["prohibition"]
            assert "train a model" in each.words["en"].text
            assert "학습" in each.words["ko"].text

    @pytest.mark.parametrize("kind", [Terms, Declaration])
    def test_published_words_never_change(self, kind):
        for change in (kind.objects.all().delete, lambda: _rewrite(kind)):
            with pytest.raises(IntegrityError, match="published words never"), transaction.atomic():
                change()

    def test_everybody_can_read_them(self, as_anyone):
        found = as_anyone.get("/api/terms").data["results"]
        assert [row["key"] for row in found] == [
            *("personal", "commercial", "commercial-no-attribution")
        ]
        assert [row["en"]["title"] for row in found][1] == "Commercial use"
        assert [row["ko"]["title"] for row in found][1] == "상업적 이용"

    def test_an_upload_chooses_them(self, as_artist):
        answer = as_artist.upload("/api/models", style_form(terms="commercial-no-attribution"))
        assert answer.data["terms"] == "commercial-no-attribution"
        assert Style.objects.get().terms_id == "commercial-no-attribution/1"

    def test_an_upload_that_says_nothing_is_commercial(self, as_artist):
        assert as_artist.upload("/api/models", style_form()).data["terms"] == "commercial"

    def test_unknown_terms_are_refused(self, as_artist, artist):
        answer = as_artist.upload("/api/models", style_form(terms="free for all"))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        style = StyleFactory(artist=artist.artist)
        assert as_artist.patch(f"/api/models/{style.pk}", {"terms": "free"}).status == 400
        style.refresh_from_db()
        assert style.terms_id == "commercial/1"


def _rewrite(kind):
    column = "document" if kind is Terms else "text_en"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {kind._meta.db_table} SET {column} = 'anything'")


class TestDeclaration:
    def test_the_rows_have_the_words(self):
        wording, row = declaration.current(), Declaration.objects.get()
        assert (row.version, row.text_en, row.text_ko) == (
            *(wording.version, wording.en),
            wording.ko,
        )

    def test_becoming_an_artist_accepts_it(self, as_buyer, buyer):
        answer = as_buyer.post("/api/users/me/artist", {"artist_name": "Bo"})
        declared = answer.data["declaration"]
        assert declared["text"]["en"] == declaration.current().en
        assert declared["accepted_at"]
        kept = DeclarationAcceptance.objects.get()
        assert (kept.user, kept.declaration_id) == (buyer, declared["version"])

    def test_its_wording_is_in_the_documentation(self, as_anyone):
        schema = as_anyone.get("/api/schema", format="json").body
        said = schema["paths"]["/api/users/me/artist"]["post"]["description"]
        assert declaration.current().en in " ".join(said.split())

    def test_whoever_could_not_become_an_artist_has_accepted_nothing(self):
        ArtistFactory(artist_name="Taken")
        user = UserFactory()
        with pytest.raises(Exception, match="not valid"):
            user_service.become_artist(user=user, artist_name="Taken")
        assert not DeclarationAcceptance.objects.filter(user=user).exists()

    def test_a_style_keeps_the_version(self, as_artist):
        as_artist.upload("/api/models", style_form())
        assert Style.objects.get().declaration_id == declaration.current().version

    def test_after_a_change_of_wording_an_upload_is_refused_until_it_is_accepted(
        self, as_artist, monkeypatch
    ):
        newer = Wording(2, "I made these works. Honestly.", "이 작품들은 제가 만들었습니다.")
        Declaration.objects.create(version=2, text_en=newer.en, text_ko=newer.ko)
        monkeypatch.setattr(declaration, "current", lambda: newer)
        answer = as_artist.upload("/api/models", style_form())
        assert answer.refusal == (403, "DECLARATION_REQUIRED")
        assert answer.details == {"version": 2, "text": {"en": newer.en, "ko": newer.ko}}
        assert not Style.objects.exists()
        asked = as_artist.get("/api/users/me/declaration").data
        assert (asked["version"], asked["accepted_at"]) == (2, None)
        wrong = as_artist.post("/api/users/me/declaration", {"version": 1})
        assert wrong.refusal == (400, "VALIDATION_ERROR")
        accepted = as_artist.post("/api/users/me/declaration", {"version": 2}).data
        again = as_artist.post("/api/users/me/declaration", {"version": 2}).data
        assert accepted == again
        assert accepted["accepted_at"]
        assert as_artist.upload("/api/models", style_form()).status == 201
        assert Style.objects.get().declaration_id == 2

    def test_an_artist_of_before_is_asked_too(self, as_artist):
        DeclarationAcceptance.objects.all().delete()
        assert as_artist.upload("/api/models", style_form()).status == 403
        as_artist.post("/api/users/me/declaration", {"version": 1})
        assert as_artist.upload("/api/models", style_form()).status == 201
