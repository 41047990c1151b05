"""Settings for ``manage.py collectstatic`` while an image is built, where no secret exists yet.

Production adds the rest to these.
"""

from pathlib import Path

from whitenoise.compress import Compressor

from config.settings import *  # noqa: F403 - settings on top of settings
from config.settings import STORAGES, env

STATIC_ROOT = Path(env.str("STATIC_ROOT", "/app/staticfiles"))
WHITENOISE_USE_FINDERS = False
# Source maps are more than half of all bytes, and only who debugs a library asks for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
# Names hold a hash of the content, so that browsers may keep a file for ever.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
