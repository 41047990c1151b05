"""Bodies that say something else than they mean: unknown fields, lists in forms, broken forms."""

import json

import pytest
from django.test.client import encode_multipart

from app.models import Artwork, Style
from app.services.uploads import upload_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.ordering import GENERATE, order, order_of
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ME = "/api/users/me"


class TestUnknownFields:
    def test_they_are_named_beside_the_answer(self, as_buyer):
        answer = order(as_buyer, StyleFactory(), sead=7, colour="blue")
        assert answer.status == 202
        assert set(answer.body) == {"success", "data", "warnings"}
        assert answer.body["warnings"] == [
            "colour: There is no such field.",
            "sead: There is no such field.",
        ]

    def test_an_answer_without_any_is_as_before(self, as_buyer):
        assert set(order(as_buyer, StyleFactory()).body) == {"success", "data"}

    def test_a_replay_says_so_too(self, as_buyer):
        style = StyleFactory()
        answers = [order(as_buyer, style, key="k", size=9).body for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["warnings"] == ["size: There is no such field."]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PATCH", ME, {"bio": "x", "email": "a@example.org"}),
            ("POST", "/api/keys", {"name": "k", "scopes": ["read"], "email": ""}),
            (
                "POST",
                "/api/tokens/purchase",
                {"amount": 100, "payment_method": "card", "email": 1},
            ),
            ("POST", f"{ME}/artist", {"artist_name": "Bo Ink", "email": None}),
        ],
    )
    def test_every_body_is_looked_at(self, method, path, body, as_buyer):
        answer = as_buyer.send(method, path, body)
        assert answer.body["warnings"] == ["email: There is no such field."], answer.content

    def test_so_are_comments_styles_pictures_and_uploads(self, as_artist, artist, media):
        picture = PublicPictureFactory(user=artist)
        style = StyleFactory(artist=artist.artist)
        answers = [
            as_artist.post(f"/api/images/{picture.pk}/comments", {"content": "x", "tag": 1}),
            as_artist.patch(f"/api/images/{picture.pk}", {"description": "x", "tag": 1}),
            as_artist.patch(f"/api/models/{style.pk}", {"price": 9, "tag": 1}),
            as_artist.post("/api/uploads", {"content_types": ["image/png"], "tag": 1}),
            as_artist.upload("/api/models", {**style_form(), "tag": "x"}),
        ]
        assert [a.body["warnings"] for a in answers] == [["tag: There is no such field."]] * 5

    def test_what_browsers_and_numbered_lists_send_is_known(self, as_buyer):
        body = "csrfmiddlewaretoken=x&name=k&scopes[0]=read&scopes[1]=manage"
        answer = as_buyer.post("/api/keys", body, content_type=FORM)
        assert set(answer.body) == {"success", "data"}
        assert answer.data["scopes"] == ["manage", "read"]


class TestListsInForms:
    @pytest.mark.parametrize(
        "tags",
        [
            '["Oil", "sea"]',
            ' [ "oil","sea" ]',
            "oil, sea",
            ["oil", "sea"],
            '["oil, sea"]',
            ["oil,sea"],
        ],
    )
    def test_tags_of_an_upload(self, tags, as_artist, media):
        answer = as_artist.upload("/api/models", style_form(tags=tags))
        assert [tag["name"] for tag in answer.data["tags"]] == ["oil", "sea"]

    @pytest.mark.parametrize("tags", ['["oil"', "[oil]", '["oil", 1]', '{"a": "b"}'])
    def test_what_is_no_list_of_words_is_a_tag_as_it_stands(self, tags, as_artist, media):
        answer = as_artist.upload("/api/models", style_form(tags=tags))
        assert [tag["name"] for tag in answer.data["tags"]] == [
            part.strip() for part in tags.split(",")
        ]

    def test_tags_of_works_and_of_searches(self, as_artist, as_anyone, media):
        as_artist.upload("/api/models", style_form(image_tags='{"0": "[\\"boat\\", \\"sea\\"]"}'))
        work = Artwork.objects.get(position=0)
        assert [link.tag.name for link in work.artwork_tags.all()] == ["boat", "sea"]
        style = StyleFactory(tags=("oil", "sea"))
        StyleFactory(tags=("oil",))
        assert as_anyone.get("/api/models", tags='["oil","sea"]').ids == [style.pk]

    def test_words_of_an_order_and_scopes_of_a_key(self, as_buyer):
        body = {**order_of(StyleFactory()), "prompt_tags": json.dumps(["castle", "sea"])}
        sent = "&".join(f"{name}={value}" for name, value in body.items())
        assert as_buyer.post(GENERATE, sent, content_type=FORM).status == 202
        sent = 'name=k&scopes=["read","manage"]'
        assert as_buyer.post("/api/keys", sent, content_type=FORM).data["scopes"] == [
            "manage",
            "read",
        ]

    def test_types_and_keys_of_uploads(self, as_artist, artist, media):
        sent = 'content_types=["image/png","image/jpeg"]'
        assert len(as_artist.post("/api/uploads", sent, content_type=FORM).data["uploads"]) == 2
        places = upload_service.open_places(user=artist, content_types=["image/png"] * 10)
        form = {"name": "x", "price": 5, "image_keys": json.dumps([each.key for each in places])}
        answer = as_artist.upload("/api/models", form)
        # They are found, and nothing was uploaded to them.
        assert answer.details == {"image_keys": ["Nothing was uploaded to number 0."]}
        assert not Style.objects.exists()


class TestBrokenForms:
    @pytest.mark.parametrize("path", [ME, "/api/models", GENERATE])
    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; charset=utf-8"])
    def test_one_without_a_boundary_is_told_so(self, path, kind):
        client = Api(UserFactory())
        method = "PATCH" if path == ME else "POST"
        answer = client.call(method, path, data="bio=x", content_type=kind)
        if path == "/api/models":
            assert answer.status in {400, 403}
            return
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert "boundary" in answer.message

    @pytest.mark.parametrize("kind", ["Multipart/Form-Data", "MULTIPART/FORM-DATA"])
    def test_the_type_may_be_in_capitals(self, kind, as_buyer):
        body = encode_multipart("xyz", {"bio": "Hello."})
        answer = as_buyer.call("PATCH", ME, data=body, content_type=f"{kind}; boundary=xyz")
        assert answer.data["bio"] == "Hello."

    def test_so_may_those_of_json_and_forms(self, as_buyer):
        for kind, body in (("Application/JSON", '{"bio": "a"}'), (FORM.upper(), "bio=b")):
            answer = as_buyer.call("PATCH", ME, data=body, content_type=kind)
            assert answer.status == 200, answer.content


class TestSchema:
    @pytest.mark.parametrize(
        ("headers", "query", "kind"),
        [
            ({}, "", "application/vnd.oai.openapi"),
            ({"Accept": "*/*"}, "", "application/vnd.oai.openapi"),
            ({"Accept": "application/json"}, "", "application/json"),
            ({}, "?format=json", "application/vnd.oai.openapi+json"),
            ({"Accept": "application/json"}, "?format=yaml", "application/vnd.oai.openapi"),
            ({"Accept": "text/html"}, "", "application/vnd.oai.openapi"),
        ],
    )
    def test_it_comes_as_asked_for(self, as_anyone, headers, query, kind):
        answer = as_anyone.call("GET", f"/api/schema{query}", headers=headers)
        assert answer.status == 200
        is_json = answer.content.lstrip().startswith(b"{")
        assert is_json == ("json" in kind)
        assert answer.headers["Content-Type"].startswith(kind.split("+")[0]) or is_json
