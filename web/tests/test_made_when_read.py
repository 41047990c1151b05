"""What is made for its reader: words of notifications, days, languages; and small addresses."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from app.models import Comment, Generation, Notification, Style, Transaction, User
from app.services import community_service, user_service
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.uploads import style_form
from web.context import zone_of

pytestmark = pytest.mark.django_db

NEWS = re.compile(r'rel="nofollow">(?:<span class="unseen">[^<]+</span>)?([^<]+)</a>')


def told(user: User, language: str) -> list[str]:
    client = Client(headers={"Accept-Language": language})
    client.force_login(user)
    return NEWS.findall(client.get("/notifications").content.decode())


def told_by_api(user: User) -> list[dict]:
    client = Client()
    client.force_login(user)
    return client.get("/api/notifications").json()["data"]["results"]


class TestNotifications:
    def test_words_are_those_of_the_reader_and_of_what_it_is_about(self, buyer: User) -> None:
        kim, lou = UserFactory(username="kim"), UserFactory(username="lou")
        picture = PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        said = "Kim replied to your comment: nice"
        first = community_service.add_comment(user=kim, generation_id=picture.pk, content=said)
        community_service.add_comment(
            user=lou, generation_id=picture.pk, content="100 % %(who)s: yes", parent_id=first.pk
        )
        assert told(buyer, "en") == [
            "lou commented on your picture: 100 % %(who)s: yes",
            f"kim commented on your picture: {said}",
        ]
        assert told(buyer, "ko") == [
            "lou님이 내 그림에 댓글을 남겼습니다: 100 % %(who)s: yes",
            f"kim님이 내 그림에 댓글을 남겼습니다: {said}",
        ]
        assert told(kim, "en") == ["lou replied to your comment: 100 % %(who)s: yes"]
        assert told(kim, "ko") == ["lou님이 내 댓글에 답했습니다: 100 % %(who)s: yes"]
        assert [row["message"] for row in told_by_api(kim)] == told(kim, "en")
        assert told_by_api(kim)[0]["parameters"] == {
            "said": "100 % %(who)s: yes",
            "is_reply": True,
        }

    def test_a_new_name_is_told_as_it_is_now(self, buyer: User) -> None:
        kim, picture = UserFactory(username="kim"), PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        community_service.toggle_like(user=kim, generation_id=picture.pk)
        user_service.update_profile(user=kim, username="kimberly")
        assert told(buyer, "en") == ["kimberly likes your picture."]
        [row] = told_by_api(buyer)
        assert (row["message"], row["parameters"]) == ("kimberly likes your picture.", {})
        client = Client()
        client.force_login(buyer)
        read = client.patch(f"/api/notifications/{row['id']}/read", {}, "application/json")
        assert read.json()["data"]["message"] == "kimberly likes your picture."

    def test_figures_and_reasons_are_kept(self, buyer: User) -> None:
        style = StyleFactory(name="Fog: 5 tokens", price=7)
        GenerationFactory(user=buyer, style=style, status="failed")
        GenerationFactory(user=buyer, style=style, status="completed")
        assert told(buyer, "en") == [
            "Your picture in the style Fog: 5 tokens is ready.",
            "Your picture in the style Fog: 5 tokens could not be made; 7 tokens were refunded."
            " The paint ran out.",
        ]
        assert told(buyer, "ko")[1] == (
            "Fog: 5 tokens 스타일의 그림을 만들지 못했습니다. 토큰 7개를 환불했습니다."
        )
        assert told_by_api(buyer)[1]["parameters"] == {
            "name": "Fog: 5 tokens",
            "cost": 7,
            "reason": "The paint ran out.",
        }

    def test_what_was_written_before_is_still_read(self, buyer: User) -> None:
        """Rows of a version that kept an English sentence and nothing else."""
        kim, picture = UserFactory(username="kim"), PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        old = {
            "comment": "kim answered your comment: fine",
            "like": "kim likes your picture.",
            "generation_failed": "Your picture in the style Fog could not be made; 7 tokens were"
            " refunded. Out of paint.",
            "training_complete": "Your style model Fog is ready!",
        }
        for kind, message in old.items():
            Notification.objects.create(
                recipient=buyer,
                actor=kim if kind in {"comment", "like"} else None,
                type=kind,
                message=message,
                target_type="image",
                target_id=picture.pk,
            )
        assert told(buyer, "en") == list(reversed(old.values()))
        assert [row["message"] for row in told_by_api(buyer)] == list(reversed(old.values()))
        korean = told(buyer, "ko")
        assert korean[-1] == "kim님이 내 댓글에 답했습니다: fine"
        assert korean[-2] == "kim님이 내 그림을 좋아합니다."
        assert "토큰 7개를 환불했습니다" in korean[1]
        assert "준비되었습니다" in korean[0]

    def test_the_version_before_can_read_them(self, buyer: User) -> None:
        kim, picture = UserFactory(username="kim"), PublicPictureFactory(user=buyer)
        Notification.objects.all().delete()
        Comment.objects.create(user=kim, generation=picture, content="Fine.")
        assert Notification.objects.get().message == "kim commented on your picture: Fine."


class TestDays:
    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("Asia/Seoul", "2026-11-22"),
            ("America/New_York", "2026-11-21"),
            ("", "2026-11-21"),
            ("Nowhere/Town", "2026-11-21"),
            ("../../etc/passwd", "2026-11-21"),
        ],
    )
    def test_earnings_are_of_the_artists_days(
        self, zone: str, day: str, artist: User, style: Style
    ) -> None:
        with time_machine.travel("2026-11-21T22:30:00Z", tick=False) as clock:
            GenerationFactory(style=style)
            clock.shift(timedelta(hours=3))
            client = Client()
            client.force_login(artist)
            client.cookies["zone"] = zone
            answer = client.get("/studio")
        chart = answer.context["chart"]
        earned = {bar.day.isoformat(): bar.amount for bar in chart.bars if bar.amount}
        assert earned == {day: 10}
        assert chart.bars[-1].day.isoformat() == (
            "2026-11-21" if zone == "America/New_York" else "2026-11-22"
        )

    def test_of_the_ledger_by_itself(self, rf, artist: User, style: Style) -> None:
        with time_machine.travel("2026-11-21T16:00:00Z", tick=False) as clock:
            since = Transaction.objects.earned_daily(artist.pk, _now() - timedelta(days=1))
            assert since == {}
            GenerationFactory(style=style)
            clock.shift(timedelta(hours=12))
            GenerationFactory(style=style)
            request = rf.get("/")
            request.COOKIES["zone"] = "Asia/Seoul"
            args = (artist.pk, _now() - timedelta(days=2))
            by_utc = Transaction.objects.earned_daily(*args)
            by_seoul = Transaction.objects.earned_daily(*args, zone_of(request))
        assert [(str(day), amount) for day, amount in sorted(by_utc.items())] == [
            ("2026-11-21", 10),
            ("2026-11-22", 10),
        ]
        assert [(str(day), amount) for day, amount in by_seoul.items()] == [("2026-11-22", 20)]

    def test_times_of_the_api_have_zones(self, buyer: User, artist: User, style: Style) -> None:
        picture: Generation = PublicPictureFactory(user=buyer, style=style)
        Comment.objects.create(user=artist, generation=picture, content="x")
        client = Client()
        client.force_login(artist)
        client.post("/api/keys", {"name": "k", "scopes": ["read"]}, "application/json")
        client.post(f"/api/artists/{artist.pk}/follow")
        paths = ["models", "models/mine", f"models/{style.pk}", "community/feed", "keys"]
        paths += [f"images/{picture.pk}", f"images/{picture.pk}/comments", "notifications"]
        paths += ["tokens/transactions", "users/following", "images/mine"]
        texts = [client.get(f"/api/{path}").content.decode() for path in paths]
        places = {"content_types": ["image/png"]}
        texts.append(client.post("/api/uploads", places, "application/json").content.decode())
        times = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]+)"', " ".join(texts))
        assert len(times) > 10
        assert all(re.fullmatch(r"[\d-]+T[\d:.]+(Z|[+-]\d\d:\d\d)", each) for each in times), times


def _now():
    from app.utils import clock

    return clock.now()


class TestLanguages:
    @pytest.mark.parametrize(
        ("accepted", "language"),
        [
            ("ko;q=0", "en"),
            ("ko;q=0.0, en", "en"),
            ("ko ; Q = 0.000", "en"),
            ("ko-KR;q=0, ko;q=0", "en"),
            ("de, ko;q=0.1", "ko"),
            ("ko", "ko"),
            ("en;q=0, ko;q=0.5", "ko"),
            ("", "en"),
        ],
    )
    def test_one_that_is_weighed_with_nothing_is_not_wanted(
        self, accepted: str, language: str
    ) -> None:
        page = Client(headers={"Accept-Language": accepted}).get("/about").content.decode()
        assert f'<html lang="{language}"' in page


class TestSmallAddresses:
    def test_the_icon_is_where_browsers_look_for_it(self) -> None:
        answer = Client().get("/favicon.ico", follow=True)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/svg+xml"

    def test_the_admin_is_found_without_its_slash(self) -> None:
        assert Client().get("/admin")["Location"] == "/admin/"


class TestWorksUploadedAgain:
    def test_it_is_said_to_their_artist_alone(self, artist: User, signed_in, media) -> None:
        client = signed_in(artist)
        first = client.post("/api/models", style_form(name="First"))
        assert set(first.json()) == {"success", "data"}
        again = client.post("/api/models", style_form(name="Second", first=5))
        assert again.status_code == 201
        assert again.json()["warnings"] == [
            f"Image {n} is also a work of your style “First”." for n in range(5)
        ]
        pk = again.json()["data"]["id"]
        assert client.get(f"/api/models/{pk}").json()["warnings"] == again.json()["warnings"]
        page = client.get(f"/studio/styles/{pk}").content.decode()
        assert page.count("is also in your style First.") == 5
        assert "Work 1 is also in your style First." in page
        other = signed_in(StyleFactory().artist.user)
        stolen = other.post("/api/models", style_form(name="Third"))
        assert set(stolen.json()) == {"success", "data"}

    def test_not_of_a_style_that_failed_or_is_gone(self, artist: User, signed_in, media) -> None:
        client = signed_in(artist)
        for number, changes in enumerate(({"training_status": "failed"}, {"is_active": False})):
            client.post("/api/models", style_form(name=f"Old {number}"))
            Style.objects.filter(name=f"Old {number}").update(**changes)
        again = client.post("/api/models", style_form(name="New"))
        assert set(again.json()) == {"success", "data"}
