"""What an artist tells the engine of a training."""

from __future__ import annotations

import pytest

from app.exceptions import InvalidInput
from app.models import OutboxMessage, Style
from app.services import training_settings
from app.tests.factories import StyleFactory
from app.tests.uploads import check_all, style_form
from protocol import decode_task

pytestmark = pytest.mark.django_db

MODELS = "/api/models"


@pytest.fixture
def draft(artist) -> Style:
    made: Style = StyleFactory(
        artist=artist.artist, name="Quill", works=2, is_active=False, is_draft=True
    )
    return made


class TestSettings:
    def test_a_draft_is_trained_again_with_other_settings(self, as_artist, draft):
        body = {"training": {"epochs": 5}}
        assert as_artist.post(f"{MODELS}/{draft.pk}/retrain", body).status == 200
        check_all()
        task = decode_task(bytes(OutboxMessage.objects.get().body))
        assert (task.data.num_epochs, task.data.settings) == (5, {})

    def test_they_are_given_with_the_works(self, as_artist):
        asked = style_form(training='{"epochs": 2}')
        style = Style.objects.get(pk=as_artist.upload(MODELS, asked).data["id"])
        assert style.training_settings == {"epochs": 2}

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"rank": 8}, "does not know rank. It knows: epochs."),
            ({"epochs": 0}, "epochs"),
            ({"epochs": "many"}, "epochs"),
        ],
    )
    def test_what_the_engine_does_not_know_is_refused(self, as_artist, draft, given, said):
        answer = as_artist.post(f"{MODELS}/{draft.pk}/retrain", {"training": given})
        assert answer.status == 400
        assert said in answer.details["training"][0]
        draft.refresh_from_db()
        assert draft.training_status == "completed"

    def test_no_rank_is_taken_that_the_workers_refuse(self, settings):
        for highest in (64, 32):
            settings.DIFFUSION_MAX_RANK = highest
            assert training_settings.checked("diffusion", {"rank": highest}) == {"rank": highest}
            with pytest.raises(InvalidInput) as refused:
                training_settings.checked("diffusion", {"rank": highest + 1})
            assert f"<= {highest}" in refused.value.details["training"][0]

    def test_each_engine_has_epochs_of_its_own(self, draft, settings):
        settings.TRAINING_EPOCHS = 4
        assert training_settings.epochs_of(draft) == 4
        draft.engine = "diffusion"
        assert training_settings.epochs_of(draft) == 10
        draft.training_settings = {"epochs": 2}
        assert training_settings.epochs_of(draft) == 2

    def test_files_that_can_say_so_say_whose_style_it_is(self, artist, draft):
        """Those of stylenet cannot; others also name what the artist declared."""
        draft.declaration_id = 1
        draft.training_settings = {"epochs": 9, "rank": 8}
        draft.engine = "diffusion"
        told = training_settings.of_task(draft)
        assert (told["rank"], told["title"], told["author"]) == (8, "Quill", "Mira Halden")
        assert len(told["consent"]) == 64
        assert "epochs" not in told
        draft.engine = "stylenet"
        assert training_settings.of_task(draft) == {"rank": 8}
