"""A pool's servers and its client: what serves, and what asks.

A server shares its cores among its requests as the model of a pool does: one
that is alone takes work / speed seconds, more of them than cores share the
cores equally. It keeps that time by the clock and burns no processor, so that
servers of unequal capacity fit on any host and do not disturb each other.
"""

import asyncio
import heapq
import json
import sys
import time

RESPONSE = b"x" * 2000
PATIENCE = 20  # seconds until a request has failed


class SharedCores:
    """Processor sharing in virtual time: seconds of work a request had."""

    def __init__(self, cores, speed, slow):
        self.cores = cores
        self.speed = speed
        self.slow = slow  # (from, until, pace), monotonic seconds
        self.virtual = 0.0
        self.at = time.monotonic()
        self.waiting = []  # heap of (virtual time of its end, number, event)
        self.count = 0
        self.timer = None

    def _pace(self, now):
        begin, end, pace = self.slow
        return self.speed * (pace if begin <= now < end else 1)

    def _rate(self, now):
        busy = len(self.waiting)
        return self._pace(now) * min(1, self.cores / busy) if busy else 0

    def _advance(self):
        """To now, through the instants at which the pace changes."""
        now = time.monotonic()
        for stop in (*self.slow[:2], now):
            if self.at < stop <= now:
                self.virtual += (stop - self.at) * self._rate(self.at)
                self.at = stop

    def _arm(self):
        """Looks again when the next one may end, or the pace changes."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.waiting:
            return
        left = (self.waiting[0][0] - self.virtual) / self._rate(self.at)
        until = [self.at + max(0, left)]
        until += [t for t in self.slow[:2] if t > self.at]
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(max(0, min(until) - time.monotonic()),
                                     self._look)

    def _look(self):
        self._advance()
        while self.waiting and self.waiting[0][0] <= self.virtual + 1e-9:
            heapq.heappop(self.waiting)[2].set()
        self._arm()

    async def serve(self, work):
        """Returns when the request had its work."""
        self._advance()
        done = asyncio.Event()
        self.count += 1
        heapq.heappush(self.waiting, (self.virtual + work, self.count, done))
        self._arm()
        await done.wait()


def serve(address, port, cores, speed, slow):
    """Serves until it is killed. Prints "ready"."""
    shared = SharedCores(cores, speed, slow)

    async def answer(reader, writer):
        try:
            work = float(await reader.readline())
            await shared.serve(work)
            writer.write(RESPONSE)
            await writer.drain()
            writer.write_eof()
            await reader.read()  # until the client has closed too
        except (OSError, ValueError):
            pass
        finally:
            writer.close()

    async def run():
        server = await asyncio.start_server(answer, address, port,
                                            backlog=4096)
        print("ready", flush=True)
        async with server:
            await server.serve_forever()

    asyncio.run(run())


def ask(address, port, requests, begin):
    """Asks at the instants of `requests` ((seconds, work)), whatever became of
    those before. Prints one JSON line each: its instant, how late it was sent,
    its completion time or null."""

    async def one(at, work):
        await asyncio.sleep(begin + at - time.monotonic())
        start = time.monotonic()
        taken = None
        try:
            taken = await asyncio.wait_for(exchange(work), PATIENCE)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        print(json.dumps({"at": at, "late": start - begin - at,
                          "seconds": taken}))

    async def exchange(work):
        start = time.monotonic()
        reader, writer = await asyncio.open_connection(address, port)
        try:
            writer.write(f"{work!r}\n".encode())
            await reader.readexactly(len(RESPONSE))
            return time.monotonic() - start
        finally:
            writer.close()

    async def run():
        await asyncio.gather(*(one(at, work) for at, work in requests))

    asyncio.run(run())


def main(words):
    """serve ADDRESS PORT CORES SPEED FROM UNTIL PACE | ask ADDRESS PORT FILE
    BEGIN; times are of the monotonic clock, in seconds."""
    if words[0] == "serve":
        cores, speed, *slow = map(float, words[3:])
        serve(words[1], int(words[2]), cores, speed, tuple(slow))
    else:
        with open(words[3], encoding="ascii") as lines:
            requests = [tuple(map(float, line.split())) for line in lines]
        ask(words[1], int(words[2]), requests, float(words[4]))


if __name__ == "__main__":
    main(sys.argv[1:])
