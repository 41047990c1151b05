"""Mutations: promises of the plan and the contract, broken one at a time by hand.

``make mutate`` copies the working tree to a temporary folder, breaks one promise in the copy, and
runs the tests that must notice. A mutation that none of them notices has survived: a promise that
nobody watches. The run then ends with 1 and names it. Two mutations run side by side, each in its
own copy and on a database of its own; all of them take a quarter of an hour on two cores.

    make mutate                                  all of them
    make mutate ONLY=session-age,ssl-redirect    some

What counts as noticed is a test that fails. A module that no longer imports, a fixture that
breaks or a run that does not end says nothing about the promise, so each of these ends the run with
1 as well, and so does a text that is no longer in its file exactly once. First the same tests run
without any mutation, to show that they are green.

A mutation (``tests/mutate/changes/``) is a line: its name, the text that keeps the promise, the one
that breaks it, and the tests that must fail. Write one with each new promise, and give it the few
tests that are about that promise: what only fails by chance is no guard. When one survives, the
promise needs a test, which belongs where the behaviour's other tests are.

``tests/test_mutate.py`` belongs to ``make test``. It plays a mutation that is caught, one that
survives, and each way of telling nothing; and it looks whether every mutation of the list still
fits the tree.
"""
