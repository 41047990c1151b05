"""Input of the API, and the schema of its answers.

The fields of what is read (feed, picture, style, notification) are in ``app/models/reads``.
"""
