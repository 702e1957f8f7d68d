"""Drawings of a definition, and of what happened to an execution: Mermaid text and SVG.

`mermaid` and `svg` take a document in the Amazon States Language, as `json.loads` gives it, and
optionally what was `Seen` of its states.  They need no network, no browser and no program beside
Python.  The same document gives the same text, and no document that is a dict makes them raise:
what they do not understand is left out of the picture.

The layout is our own (`layers`, `places`, `routes`), for no library served.  Measured on a chain
with jumps forward, 160 by 50 boxes, and judged in 2026:

* grandalf 0.8 (pure Python, last release 2023, GPL or EPL): no nested boxes; 1.9 s for 1,000
  states and 14.9 s for 3,000, growing with the square.
* pyelk 0.3.0 (pure Python, EPL): a RecursionError at 1,000 states.
* graphlay 0.3.1 (Rust, beta): no nested boxes; 27.6 s for 10,000 states.
* fast-sugiyama 0.5.3 (Rust): gives places for nodes of a graph without nesting and no edges' ways.

Ours takes 0.1 s for 1,000 such states and 0.8 s for 10,000, reading and drawing included: what
leads far goes along a lane instead of through a place in every layer.  With a catch on every state
and a label on every jump it is 0.2 s and 1.3 s; where every state leads to three others at random,
0.3 s and 4.2 s.
"""

from pictures.mermaid import mermaid
from pictures.seen import Seen
from pictures.svg import DARK, STYLE, svg

__all__ = ["DARK", "STYLE", "Seen", "mermaid", "svg"]
