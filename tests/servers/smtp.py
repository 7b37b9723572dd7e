"""A mail server that keeps what it takes, or refuses as a test asks."""

from __future__ import annotations

import socket
import threading

from tests.servers.misbehaving import Misbehaving


class SmtpServer(Misbehaving):
    """``refusals``: reply by command ("MAIL", "RCPT", "DATA", ".", "AUTH", "HELLO"); other commands are accepted."""

    def __init__(self, refusals: dict[str, bytes] | None = None) -> None:
        super().__init__(self.talk)
        self.refusals = refusals or {}
        self.messages: list[bytes] = []

    def talk(self, conn: socket.socket, ending: threading.Event) -> None:
        conn.sendall(self.refusals.get("HELLO", b"220 ready") + b"\r\n")
        with conn.makefile("rb") as reader:
            for line in reader:
                command = line[:4].strip().upper().decode()
                if command in self.refusals:
                    conn.sendall(self.refusals[command].replace(b"{line}", line.strip()) + b"\r\n")
                elif command == "DATA":
                    conn.sendall(b"354 go on\r\n")
                    lines = iter(reader.readline, b".\r\n")
                    content = b"".join(part.removeprefix(b".") if part.startswith(b"..") else part for part in lines)
                    if "." not in self.refusals:
                        self.messages.append(content)
                    conn.sendall(self.refusals.get(".", b"250 taken") + b"\r\n")
                elif command == "EHLO":
                    conn.sendall(b"250-hello\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n")
                elif command == "QUIT":
                    conn.sendall(b"221 bye\r\n")
                    return
                else:
                    conn.sendall(b"235 ok\r\n" if command == "AUTH" else b"250 ok\r\n")
