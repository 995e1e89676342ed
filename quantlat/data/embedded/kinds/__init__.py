"""The kinds of passages."""

from __future__ import annotations

from quantlat.data.embedded.content import Kind
from quantlat.data.embedded.kinds.album import ALBUM
from quantlat.data.embedded.kinds.biography import BIOGRAPHY
from quantlat.data.embedded.kinds.bridge import BRIDGE
from quantlat.data.embedded.kinds.company import COMPANY
from quantlat.data.embedded.kinds.election import ELECTION
from quantlat.data.embedded.kinds.expedition import EXPEDITION
from quantlat.data.embedded.kinds.experiment import EXPERIMENT
from quantlat.data.embedded.kinds.festival import FESTIVAL
from quantlat.data.embedded.kinds.match import MATCH
from quantlat.data.embedded.kinds.museum import MUSEUM
from quantlat.data.embedded.kinds.outbreak import OUTBREAK
from quantlat.data.embedded.kinds.production import PRODUCTION

KINDS: tuple[Kind, ...] = (
    EXPEDITION,
    COMPANY,
    BRIDGE,
    BIOGRAPHY,
    MUSEUM,
    MATCH,
    EXPERIMENT,
    FESTIVAL,
    ELECTION,
    PRODUCTION,
    OUTBREAK,
    ALBUM,
)
