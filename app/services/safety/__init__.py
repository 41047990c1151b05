"""Safe in public: reports, cases, decisions, statements of reasons, appeals and suspensions.

docs/safety.md says how they fit. ``deciding`` is the one door to every act of our staff and of
checks by machine; ``records`` writes what is kept of it.
"""
