"""``python -m devtools.servers.clean``: delete the data folder, and stop what runs on it."""

import shutil
import sys
from pathlib import Path

from devtools.servers.local import data_dir
from devtools.servers.postgres import PrivatePostgres
from devtools.servers.process import ServerError

# One of these is in every data folder of ours. Whoever names another folder should not lose it.
_MARKS = ("postgres", "postgres-location", "secret-key")


def main() -> None:
    folder = data_dir(Path.cwd())
    if not folder.exists():
        return
    if not any((folder / name).exists() for name in _MARKS):
        sys.exit(f"{folder} is not a data folder of Style License; nothing deleted.")
    try:
        PrivatePostgres(folder).remove()
    except ServerError as error:
        sys.exit(str(error))
    shutil.rmtree(folder)
    sys.stdout.write(f"Deleted {folder}.\n")


if __name__ == "__main__":
    main()
