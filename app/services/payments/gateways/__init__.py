"""What talks to payment providers: one module for each. Nothing else imports their libraries.

A provider is never asked inside a transaction: it may take long to answer, and its answer may be
lost.
"""
