"""The AI side: takes tasks from a queue, trains styles and draws pictures, reports to the backend.

It knows the protocol, a storage and an engine, and neither Django nor a database.
"""
