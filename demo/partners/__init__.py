"""Small partner servers that really listen: FTP and FTPS, SFTP, HTTP and HTTPS; in a thread, or as ``python -m demo.partners``."""
