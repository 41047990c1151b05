"""What is drawn with each new style, so that its artist and its buyers see what it does."""

# Those of every style, so that styles can be compared. The tags of each are joined by ", ".
SAMPLE_PROMPTS = (
    "castle, sunset",
    "cat, night",
    "boat, sea",
    "forest, snow",
    "house, flowers",
    "mountain, lake",
)
# How many an artist may add.
MOST_OWN_PROMPTS = 3
