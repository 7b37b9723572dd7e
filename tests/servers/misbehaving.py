"""A TCP server that never does what a protocol asks of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


def stall(conn: socket.socket, ending: threading.Event) -> None:
    """Accept, and say nothing for ever."""
    ending.wait()


def close(conn: socket.socket, ending: threading.Event) -> None:
    """Hang up at once."""


def rubbish(conn: socket.socket, ending: threading.Event) -> None:
    """Talk, but not in any protocol."""
    conn.sendall(b"\x00\xff\xfe So what?\r\n" * 100)
    conn.settimeout(5)
    while conn.recv(65536):
        conn.sendall(b"\xc3\x28 nonsense\r\n")


class Misbehaving:
    """Listens on loopback while its ``with`` lasts; each connection gets ``behaviour`` in a thread of its own."""

    def __init__(self, behaviour: Callable[[socket.socket, threading.Event], None]) -> None:
        self.behaviour = behaviour
        self.ending = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads: list[threading.Thread] = []
        self.conns: list[socket.socket] = []

    def __enter__(self) -> Self:
        self.spawn(self.accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ending.set()
        for sock in [self.listener, *self.conns]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        for thread in self.threads:
            thread.join(5)

    def spawn(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self) -> None:
        while not self.ending.is_set():
            try:
                conn, _address = self.listener.accept()
            except OSError:
                return
            self.conns.append(conn)
            self.spawn(self.serve, conn)

    def serve(self, conn: socket.socket) -> None:
        try:
            self.behaviour(conn, self.ending)
        except OSError:
            pass
        finally:
            conn.close()


def script(*lines: bytes, answers: Callable[[bytes], bytes] | None = None) -> Callable[[socket.socket, threading.Event], None]:
    """A behaviour: say ``lines``, then answer each line received by ``answers``; without it, say no more."""

    def behave(conn: socket.socket, ending: threading.Event) -> None:
        for line in lines:
            conn.sendall(line)
        if answers is None:
            ending.wait()
            return
        with conn.makefile("rb") as reader:
            for line in reader:
                if answer := answers(line):
                    conn.sendall(answer)

    return behave


class Line(Misbehaving):
    """Forwards to a real server on ``port``, and after ``limit`` bytes of the client's cuts the connection, or freezes it."""

    def __init__(self, port: int, limit: int, freeze: bool = False) -> None:
        super().__init__(self.forward)
        self.target, self.limit, self.freeze = port, limit, freeze

    def forward(self, conn: socket.socket, ending: threading.Event) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            self.conns.append(server)
            self.spawn(self.back, server, conn)
            seen = 0
            try:
                while (block := conn.recv(16384)) and (seen := seen + len(block)) <= self.limit:
                    server.sendall(block)
                if block and self.freeze:
                    ending.wait()
            finally:
                server.shutdown(socket.SHUT_RDWR)  # or the other direction would read for ever

    def back(self, server: socket.socket, conn: socket.socket) -> None:
        try:
            while block := server.recv(65536):
                conn.sendall(block)
        except OSError:
            pass
