"""The use cases of the marketplace. Each public method owns its transaction and knows no HTTP."""
