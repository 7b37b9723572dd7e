"""How bytes reach a partner: one module a protocol, all with the interface of ``base``."""
