"""Checks by machine: of words, comments and pictures. docs/safety.md tells of each."""
