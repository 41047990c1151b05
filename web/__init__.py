"""The site for people: templates, htmx and forms on top of the services."""
