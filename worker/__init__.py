"""The AI side: takes tasks from a queue, trains styles and draws pictures, reports to the backend.

It uses the protocol, a file storage and an engine. It does not use Django or a database.
"""
