"""User agents of robots that are known to collect works for training models."""

AI_CRAWLERS = (
    "AI2Bot",
    "Amazonbot",
    "anthropic-ai",
    "Applebot-Extended",
    "Bytespider",
    "CCBot",
    "ClaudeBot",
    "cohere-training-data-crawler",
    "Diffbot",
    "FacebookBot",
    "Google-Extended",
    "GPTBot",
    "ImagesiftBot",
    "img2dataset",
    "Meta-ExternalAgent",
    "omgili",
    "PanguBot",
    "Timpibot",
    "VelenPublicWebCrawler",
)
