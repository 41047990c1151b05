"""Drafts are seen by their artist alone, until they are offered."""

from tests.mutate.mutation import Mutation, in_file

DRAFTS = "app/tests/styles/test_drafts.py"
SAMPLES = "worker/tests/test_samples.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/style_service.py",
        (
            "draft-is-not-active",
            "            is_active=not upload.is_draft,\n",
            "            is_active=True,\n",
            f"{DRAFTS}::TestSamples",
        ),
        (
            "draft-is-offered-once-trained",
            "        if is_active and style.is_draft:\n",
            "        if False:\n",
            f"{DRAFTS}::TestOffering",
        ),
        (
            "offered-is-no-draft",
            "style.is_draft = style.is_draft and not (is_active or style.is_active)",
            "style.is_draft = style.is_draft",
            f"{DRAFTS}::TestOffering",
        ),
        (
            "draft-keeps-its-name",
            "Q(is_active=True) | draft_service.NAMED",
            "Q(is_active=True)",
            f"{DRAFTS}::TestOffering",
        ),
    ),
    *in_file(
        "app/services/draft_service.py",
        (
            "draft-takes-its-files-along",
            "    upload_service.delete_files(user_id=draft.artist_id, keys=files)\n",
            "",
            f"{DRAFTS}::TestDiscarding",
        ),
        (
            "draft-stays-while-it-is-trained",
            "    if draft.is_under_way and",
            "    if False and",
            f"{DRAFTS}::TestDiscarding",
        ),
    ),
    *in_file(
        "app/services/training_service.py",
        (
            "retrained-forgets-its-samples",
            "    upload_service.delete_files(user_id=style.artist_id, keys=made)\n",
            "",
            f"{DRAFTS}::TestTrainingAgain",
        ),
        (
            "one-sample-for-a-prompt",
            "    if len(set(places)) < len(places):\n",
            "    if False:\n",
            f"{DRAFTS}::TestSamples",
        ),
    ),
    *in_file(
        "app/services/licences/manifest.py",
        (
            "no-manifest-of-a-draft",
            "filter(pk=style_id, style__is_draft=False)",
            "filter(pk=style_id)",
            f"{DRAFTS}::TestWhoSees",
        ),
    ),
    *in_file(
        "app/models/style.py",
        (
            "no-page-of-a-draft",
            '            is_draft=False,\n            withdrawn_reason=""',
            '            withdrawn_reason=""',
            f"{DRAFTS}::TestWhoSees",
        ),
        (
            "offered-is-not-trained-again",
            "is_trained_draft = self.is_unoffered and",
            "is_trained_draft =",
            f"{DRAFTS}::TestTrainingAgain",
        ),
    ),
    *in_file(
        "app/models/reads/style.py",
        (
            "score-is-the-artists",
            "Annotated[StyleScore | None, IS_JSON, OWNER_ONLY]",
            "Annotated[StyleScore | None, IS_JSON]",
            f"{DRAFTS}::TestScore",
        ),
    ),
    *in_file(
        "worker/samples.py",
        (
            "score-of-held-out-works",
            "            pictures = [self._drawn(partial, each) for each in prompts]\n",
            "            pictures = [p for p in (self._plain(e) for e in prompts) if p]\n",
            SAMPLES,
        ),
        (
            "samples-say-who-made-them",
            "    return preview(_marked(picture), picture.width, xmp=xmp)\n",
            "    return preview(_marked(picture), picture.width)\n",
            SAMPLES,
        ),
    ),
)
