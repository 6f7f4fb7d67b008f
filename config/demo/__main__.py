"""`python -m config.demo`: the whole flow, once, and then the site to look at."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import suppress
from pathlib import Path

from config.demo.alone import AlreadyRunning, alone, require_alone
from config.demo.installation import PortInUse, require_free
from config.demo.narrator import Narrator
from config.demo.stage import Stage
from config.demo.walk import Walk
from engine.text import Text

_RUNNING = Text(
    ja="デモはすでに動いています（プロセス番号 {pid}）。そちらを Ctrl-C で終えてください。",
    en="A demo is already running (pid {pid}). Stop that one with Ctrl-C first.",
)
_STOPPED = Text(
    ja="終了しました。続きは {folder} に残っています。", en="Stopped. {folder} keeps the rest."
)
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Walk, show the addresses, and stay up until told to stop; 1 where a step went wrong."""
    reader = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    reader.add_argument("--folder", type=Path, default=Path(".demo"), help="where it all is kept")
    reader.add_argument("--once", action="store_true", help="end after the walk")
    reader.add_argument("--port", type=int, default=8800, help="of the site; 0: any free one")
    asked = reader.parse_args()
    narrator = Narrator()
    folder = asked.folder.resolve()
    try:
        require_alone(folder)
        # Before anything is written: whoever listens there would answer in our place.
        require_free(asked.port)
        for number in _STOPPING:
            signal.signal(number, _stop)
        with (
            suppress(KeyboardInterrupt),
            alone(folder),
            Stage(folder, asked.port) as stage,
        ):
            Walk(stage, narrator).tell()
            if not asked.once:
                signal.pause()
    except AlreadyRunning as error:
        narrator.held(_RUNNING.format(pid=error.pid))
        return 1
    except PortInUse as error:
        narrator.held(error.text)
        return 1
    narrator.say(_STOPPED.format(folder=asked.folder))
    return 0


def _stop(*_: object) -> None:
    """End the walk wherever it is, once: what closes it is not to be disturbed."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
