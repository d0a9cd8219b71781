"""An NWB file as a tree of named nodes, whatever it is stored in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Types of these namespaces are known; others are extensions.
_CORE = ("core", "hdmf-common", "hdmf-experimental", "")


@dataclass(frozen=True, slots=True)
class Node:
    """A group or an array.

    Attributes
    ----------
    path : str
        Without a slash at the start; empty for the root.
    attributes : mapping
        References to other nodes are their paths.
    shape : tuple of int, or None
        None for a group.
    dtype : numpy.dtype or None
        Of values as `read` returns them.
    refused : str
        Why it can't be read, in words that follow its name; empty if it can.
    refers : bool
        Whether its values are references to other nodes.
    read : callable
        Reads the values while the file is open: text as str, references as paths of nodes, "" for
        those that lead nowhere.
    """

    path: str
    attributes: Mapping[str, Any]
    shape: tuple[int, ...] | None = None
    dtype: np.dtype | None = None
    refused: str = ""
    refers: bool = False
    read: Callable[[], np.ndarray] = field(default=lambda: np.zeros(0))

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def type(self) -> str:
        """Its neurodata_type, or nothing."""
        return str(self.attributes.get("neurodata_type", ""))

    @property
    def is_extension(self) -> bool:
        """Whether its type isn't of NWB itself."""
        return bool(self.type) and str(self.attributes.get("namespace", "")) not in _CORE


class Tree:
    """All nodes of a file.

    Parameters
    ----------
    nodes : list of Node
        In the order in which the file lists them, the root first.
    links : dict
        Path of a link within the file -> path of the node that it leads to.
    later : callable
        Path of an array -> function that opens the file, reads the array and closes the file.
    """

    def __init__(
        self,
        nodes: list[Node],
        links: dict[str, str],
        later: Callable[[str], Callable[[], np.ndarray]],
    ) -> None:
        self.nodes = {node.path: node for node in nodes}
        self._links = links
        self.later = later
        self._children: dict[str, list[Node]] = {}
        for path, node in self.nodes.items():
            if path:
                self._children.setdefault(path.rpartition("/")[0], []).append(node)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def get(self, path: Any) -> Node | None:
        """Return the node of a path, if there is one."""
        return self.nodes.get(self._links.get(path, path)) if isinstance(path, str) else None

    def child(self, node: Node, name: str) -> Node | None:
        """Return what a group holds under a name, itself or by a link."""
        return self.get(f"{node.path}/{name}" if node.path else name)

    def children(self, node: Node) -> list[Node]:
        """List what a group itself holds."""
        return self._children.get(node.path, [])

    def parent(self, node: Node) -> Node | None:
        """Return the group that a node is in."""
        return self.get(node.path.rpartition("/")[0]) if node.path else None

    def referred(self, node: Node, attribute: str) -> Node | None:
        """Return the node that an attribute refers to."""
        return self.get(node.attributes.get(attribute))


class Left:
    """What is left out of a session, and why, in lines for its notes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def out(self, what: str, why: str) -> None:
        """Say that something is left out, such as ("units/waveforms", "is too large")."""
        self.lines.append(f"left out: {what} {why}")

    def say(self, line: str) -> None:
        """Say what was assumed or made."""
        self.lines.append(line)
