"""`python -m config.demo`: the whole flow, once, and then the site to look at."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from config.demo.installation import PortInUse, require_free
from config.demo.narrator import Narrator
from config.demo.walk import Walk
from engine.text import Text


def main() -> int:
    """Walk, show the addresses, and stay up until told to stop; 1 where a step went wrong."""
    reader = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    reader.add_argument("--folder", type=Path, default=Path(".demo"), help="where it all is kept")
    reader.add_argument("--once", action="store_true", help="end after the walk")
    reader.add_argument("--port", type=int, default=8800, help="of the site; 0: any free one")
    asked = reader.parse_args()
    narrator = Narrator()
    try:
        # Before anything is written: whoever listens there would answer in our place.
        require_free(asked.port)
    except PortInUse as error:
        narrator.held(error.text)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Walk(asked.folder.resolve(), asked.port, narrator) as walk:
        walk.tell(stop)
        if not asked.once and not stop.is_set():
            stop.wait()
    narrator.say(
        Text(ja="終了しました。続きは .demo/ に残っています。", en="Stopped. .demo/ keeps it.")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
