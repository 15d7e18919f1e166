"""What can go wrong between the nodes of a region.

Conflict   ├── NodeNameTaken    another home bears this name and is alive
           ├── OtherKeys        this home's keys are not those of the region
           ├── NodeAnswers      a node that still says that it lives cannot be declared gone
           ├── NodeNotGone      what a node has alone is given up only when it was declared gone
           └── NodeGivenUp      what this home had alone was given up: it may not write into the region again
Exhausted  └── NodesSilent      a node that may hold a replica does not answer now
NotFound   └── UnknownNode      no node of this name ever started
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, NotFound


class NodeNameTaken(Conflict):
    """Another home runs under this name: two of them would write over each other's journals."""

    reason = "node-name-taken"


class OtherKeys(Conflict):
    """A key in this home's secrets is not the one of the region."""

    reason = "other-keys"


class NodeAnswers(Conflict):
    """The node said a moment ago that it lives."""

    reason = "node-answers"


class NodeNotGone(Conflict):
    """The node was not declared gone."""

    reason = "node-not-gone"


class NodeGivenUp(Conflict):
    """What only this home had was taken out of the index."""

    reason = "node-given-up"


class NodesSilent(Exhausted):
    """A node that is up has not been heard of for a while."""

    reason = "nodes-silent"


class UnknownNode(NotFound):
    """There is no such node."""

    reason = "unknown-node"
