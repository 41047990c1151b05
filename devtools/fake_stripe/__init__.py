"""A stateful payment provider for tests and development. It speaks Stripe's API over HTTP."""
