"""Sessions of browsers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from app.models.user import User

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


class Session(AbstractBaseSession):
    """Django's session with a reference to its account, so that one statement reads both."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        engine = import_module(settings.SESSION_ENGINE)
        store: type[SessionBase] = engine.SessionStore
        return store
