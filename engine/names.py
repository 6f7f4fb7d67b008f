"""Names: the addresses of a host, found by threads that nobody else's work waits for.

A name server that never answers holds a thread for ten seconds and more, whatever the caller's
deadline, and the loop has few for names (uvloop: two): who names two such hosts again and again
would hold up every call that leaves the house. So hosts that anybody can name have threads of
their own, apart from those of portals that were set up here.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

_OF_PORTALS = ThreadPoolExecutor(32, thread_name_prefix="names")
_OF_ANYBODY = ThreadPoolExecutor(4, thread_name_prefix="anybodys-names")


async def addresses(host: str, port: int, *, is_anybodys: bool) -> list[str]:
    """The IP addresses of `host`; `is_anybodys`: nobody here has set it up.

    Raises: OSError where there are none; UnicodeError where it is no host name.
    """
    threads = _OF_ANYBODY if is_anybodys else _OF_PORTALS
    found = await asyncio.get_running_loop().run_in_executor(
        threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return [str(entry[4][0]).partition("%")[0] for entry in found]
