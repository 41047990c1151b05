"""The web servers: Granian (``python -m serving``), which production and ``make run`` use, and
gunicorn (``gunicorn config.wsgi:application`` with gunicorn.conf.py), which is supported too.

Both read the same environment variables, see ``serving.settings``.
"""
