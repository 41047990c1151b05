"""What a style was trained on is kept, and named by the certificates of its pictures."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO

import pytest
from django.test import Client

from app.models import Artwork, TrainingManifest
from app.services import storage
from app.services.jobs.attempts import output_folder
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import report_training

pytestmark = pytest.mark.django_db

TOLD = {
    "engine": {"name": "stylenet"},
    "base_model": {"name": "A model", "licence": "Apache-2.0"},
    "epochs": 3,
    "loss": 0.5,
}


def trained(as_worker, style, metric) -> None:
    key = f"{output_folder('models', style)}/model.npz"
    storage.save(key, BytesIO(b"a model"))
    answer = report_training(
        as_worker, style, "completed", model_path=storage.uri(key), training_metric=metric
    )
    assert answer.status == 200


def test_a_training_leaves_its_manifest(as_worker):
    style = StyleFactory(training_status="training", works=3)
    trained(as_worker, style, TOLD)
    made = TrainingManifest.objects.get()
    assert [work["sha256"] for work in made.content["works"]] == list(
        Artwork.objects.order_by("position").values_list("sha256", flat=True)
    )
    assert made.content["engine"] == TOLD["engine"]
    assert made.content["base_model"] == TOLD["base_model"]
    assert made.content["parameters"] == {"epochs": 3}
    assert (made.content["style_id"], made.content["artist_id"]) == (style.pk, style.artist_id)


def test_everybody_can_check_it_and_the_certificate_names_it(as_worker, as_anyone):
    style = StyleFactory(training_status="training", works=2)
    trained(as_worker, style, TOLD)
    licence = GenerationFactory(style=style).licence
    shown = as_anyone.get(f"/api/licences/{licence.number}").data
    file = Client().get(f"/styles/{style.pk}/manifest.json").content
    assert hashlib.sha256(file).hexdigest() == shown["training_manifest_sha256"]
    assert len(json.loads(file)["works"]) == 2
    page = Client().get(f"/licences/{licence.number}").content.decode()
    assert f"2 works by {style.artist.artist_name}" in page


def test_a_worker_that_tells_nothing_leaves_one_too(as_worker):
    style = StyleFactory(training_status="training", works=1)
    trained(as_worker, style, None)
    assert TrainingManifest.objects.get().content["engine"] == {"name": "stylenet"}


def test_a_style_of_before_has_none(as_anyone):
    licence = GenerationFactory().licence
    shown = as_anyone.get(f"/api/licences/{licence.number}").data
    assert shown["training_manifest_sha256"] is None
    assert Client().get(f"/styles/{licence.generation.style_id}/manifest.json").status_code == 404
