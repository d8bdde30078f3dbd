"""Where a process listens that is started, killed and started again."""

import random
import socket

#: Below the numbers that systems give to connections: one of those could take it while nobody listens.
NUMBERS = range(15_000, 32_000)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(NUMBERS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
