"""What hot paths write and read under a lock is what the ORM would write and read."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from app.models import AspectRatio, Generation, Style, User
from app.models.writes import LOCKED_GENERATION, STYLE_TO_BUY
from app.serializers.base import BaseSerializer
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationReportedSerializer,
)
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from speed.queries import CompiledInstances

pytestmark = pytest.mark.django_db


class TestInstances:
    def test_they_are_what_the_orm_makes(self):
        picture = GenerationFactory(status="completed")
        with transaction.atomic():
            (found,) = LOCKED_GENERATION.instances("any", {"generation_id": picture.pk})
        with CaptureQueriesContext(connection) as queries:
            assert_same(found, Generation.objects.get(pk=picture.pk))
            assert_same(found.style, Style.objects.get(pk=picture.style_id))
            assert found.style.artist.pk == picture.style.artist_id
        # What is compared with, and nothing that the instances had left out.
        assert len(queries) == 2

    def test_they_can_be_changed_and_saved(self):
        style = StyleFactory(price=10)
        (found,) = STYLE_TO_BUY.instances(False, {"style_id": style.pk})
        found.price = 20
        found.save()
        assert Style.objects.get(pk=style.pk).price == 20

    def test_a_related_one_that_does_not_exist_is_none(self):
        users = User.objects.select_related("artist")
        people = CompiledInstances(lambda shape, values: users.filter(pk=values["user_id"]))
        buyer, artist = UserFactory(), StyleFactory().artist
        (found,) = people.instances("any", {"user_id": buyer.pk})
        with pytest.raises(User.artist.RelatedObjectDoesNotExist):
            _ = found.artist
        (found,) = people.instances("any", {"user_id": artist.pk})
        assert found.artist == artist
        assert found.artist.user is found

    def test_what_was_left_out_is_read_when_it_is_asked_for(self):
        names = CompiledInstances(
            lambda shape, values: User.objects.only("username").filter(pk=values["user_id"])
        )
        user = UserFactory(bio="Paints.")
        (found,) = names.instances("any", {"user_id": user.pk})
        assert found.get_deferred_fields() >= {"bio", "token_balance"}
        assert found.bio == "Paints."


class TestSerializers:
    def test_an_accepted_order_says_what_its_fields_say(self):
        assert_fields_say(GenerationAcceptedSerializer, GenerationFactory(status="queued"))

    def test_a_report_says_what_its_fields_say(self):
        assert_fields_say(GenerationReportedSerializer, GenerationFactory(status="completed"))

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"seed": None},
            {"seed": 5},
            {"seed": 5.0},
            {"seed": -1},
            {"style_id": "1"},
            {"style_id": True},
            {"style_id": 0},
            {"style_id": 2**63},
            *({"aspect_ratio": ratio} for ratio in (*AspectRatio.values, "3:1", "1:1\n", "1:12")),
            {"prompt_tags": []},
            {"prompt_tags": ["a"] * 20},
            {"prompt_tags": ["a"] * 21},
            {"prompt_tags": [" castle ", "old  town", "~", "!"]},
            {"prompt_tags": ["castle\n"]},
            {"prompt_tags": ["castle,sea"]},
            {"prompt_tags": ["x" * 50]},
            {"prompt_tags": ["x" * 51]},
            {"prompt_tags": [" " + "x" * 50]},
            {"prompt_tags": ["a\0b"]},
            {"prompt_tags": ["바다"]},
            {"prompt_tags": ["castle", " "]},
            {"prompt_tags": "castle"},
            {"something": "else"},
            {"prompt": None},
            {"prompt": "castle"},
            {"prompt": ""},
            {"expected_terms": None},
            {"expected_terms": "commercial/1"},
            {"expected_terms": "commercial/1\n"},
            {"expected_terms": "commercial"},
            {"expected_terms": 1},
        ],
    )
    def test_an_order_is_read_as_its_fields_read_it(self, changes):
        order = {"style_id": 1, "prompt_tags": ["castle", "sea"], "aspect_ratio": "1:2", **changes}
        glance, fields = GenerateSerializer(data=order), ByFields(data=order)
        assert glance.is_valid() == fields.is_valid()
        assert glance.errors == fields.errors
        assert glance.validated_data == fields.validated_data
        assert list(map(type, glance.validated_data.values())) == list(
            map(type, fields.validated_data.values())
        )

    @pytest.mark.parametrize("missing", ["style_id", "prompt_tags", "aspect_ratio"])
    def test_what_is_missing_is_named(self, missing):
        order = {"style_id": 1, "prompt_tags": ["castle"], "aspect_ratio": "1:1"}
        del order[missing]
        serializer = GenerateSerializer(data=order)
        assert not serializer.is_valid()
        assert list(serializer.errors) == [missing]


class ByFields(GenerateSerializer):
    run_validation = BaseSerializer.run_validation


def assert_same(found: Model, expected: Model) -> None:
    fields = [field.name for field in expected._meta.concrete_fields]
    assert model_to_dict(found, fields) == model_to_dict(expected, fields)
    assert vars(found).keys() >= {field.attname for field in expected._meta.concrete_fields}


def assert_fields_say(serializer: type[BaseSerializer], generation: Generation) -> None:
    by_fields = BaseSerializer.to_representation(serializer(generation), generation)
    assert dict(serializer(generation).data) == dict(by_fields)
