"""The WSGI application: ``gunicorn config.wsgi:application``.

With production's settings, unless DJANGO_ENV=development asks for the others: those answer this
machine alone.
"""

import os
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application

from config import environment
from serving.bodies import WholeBodies
from serving.this_machine import ThisMachineOnly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module(os.environ))

application: WSGIApplication = WholeBodies(get_wsgi_application())
if environment.is_development(os.environ):
    application = ThisMachineOnly(application)
