"""All mutations, by what they break."""

from tests.mutate.changes import (
    access,
    api,
    broker,
    community,
    edge,
    finding,
    jobs,
    limits,
    locks,
    meaning,
    money,
    settings,
    startup,
    tables,
    uploads,
    words,
)

MUTATIONS = (
    *settings.MUTATIONS,
    *startup.MUTATIONS,
    *edge.MUTATIONS,
    *limits.MUTATIONS,
    *money.MUTATIONS,
    *locks.MUTATIONS,
    *meaning.MUTATIONS,
    *jobs.MUTATIONS,
    *broker.MUTATIONS,
    *access.MUTATIONS,
    *api.MUTATIONS,
    *community.MUTATIONS,
    *finding.MUTATIONS,
    *tables.MUTATIONS,
    *uploads.MUTATIONS,
    *words.MUTATIONS,
)
