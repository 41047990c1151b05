"""The busiest reads, one module each: query, fields and JSON of the feed, a picture, a style.

Who may see a row is in the query sets of ``app/models``: ``visible_to``.
"""
