"""`python -m bench`: print the figures; nothing is asserted, for machines differ.

python -m bench [latency] [throughput] [idle] [--runs N] [--executions N]
python -m bench [long] [deep] [wide] [memory] [--sizes 10 100 1000 5000] [--peers FOLDER]
python -m bench states [--turns 1000 10000 100000] [--peers FOLDER]
python -m bench page [--history 24900] [--listed 100000]
python -m bench endpoint [--clients 1 4 16] [--quick] [--moto FOLDER] [--closed N]
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bench import deep, endpoint, five_steps, idle, long, memory, pages, states, wide
from bench.peers import beside


def main() -> int:
    """Run the measurements named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="which figures; all, when none is named"
    )
    parser.add_argument("--runs", type=int, default=100, help="executions for the latency")
    parser.add_argument("--executions", type=int, default=500, help="executions at once")
    parser.add_argument("--seconds", type=float, default=60, help="how long idleness is watched")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16], metavar="N")
    parser.add_argument("--quick", action="store_true", help="the endpoint in a third of the calls")
    parser.add_argument("--moto", type=Path, metavar="FOLDER", help="environment, made if missing")
    parser.add_argument(
        "--closed", type=int, default=5_000, metavar="N", help="executions closed for the memory"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 5_000])
    parser.add_argument("--widths", type=int, nargs="+", default=[200, 1_000])
    parser.add_argument("--events", type=int, default=deep.LATE, help="of the deep history")
    parser.add_argument("--kept", type=int, default=500, help="executions in a decider's memory")
    parser.add_argument(
        "--peers", type=Path, metavar="FOLDER", help="others beside `long` and `states`"
    )
    parser.add_argument(
        "--turns", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="of `states`"
    )
    parser.add_argument(
        "--history", type=int, default=pages.EVENTS, metavar="N", help="events, of `page`"
    )
    parser.add_argument(
        "--listed", type=int, default=pages.EXECUTIONS, metavar="N", help="executions, of `page`"
    )
    parser.add_argument("--peer-sizes", type=int, nargs="+", default=[10, 100, 1_000])
    options = parser.parse_args()
    measurements: dict[str, Callable[[], Iterable[object]]] = {
        "latency": lambda: five_steps.latency(options.runs),
        "throughput": lambda: five_steps.throughput(options.executions),
        "long": lambda: _long(options),
        "deep": lambda: deep.deep(options.events),
        "wide": lambda: wide.wide(options.widths),
        "memory": lambda: memory.memory(options.kept),
        "states": lambda: states.states(options.turns, options.peers),
        "page": lambda: pages.page(options.history, options.listed),
        "idle": lambda: idle.idle(options.seconds),
        "endpoint": lambda: endpoint.endpoint(
            options.clients, quick=options.quick, moto=options.moto, closed=options.closed
        ),
    }
    unknown = set(options.names) - measurements.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(measurements)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    for name in options.names or measurements:
        print(f"\n{name}")
        for row in measurements[name]():
            print(f"  {row}", flush=True)
    return 0


def _long(options: argparse.Namespace) -> Iterator[object]:
    yield from long.long(options.sizes)
    if options.peers is not None:
        yield from beside.peers(options.peers, options.peer_sizes)


if __name__ == "__main__":
    sys.exit(main())
