"""uvicorn as both servers run it: HTTP/1.1 alone, nothing said of itself, nobody else's word for who asks."""

import logging
from typing import Any

import uvicorn


def _is_about_more_than_closing(record: logging.LogRecord) -> bool:
    """Answers that are cut off at the end are what was asked for; who waits for one is told."""
    return "graceful shutdown" not in record.getMessage()


def settings(application: Any, *, closing: int, connections: int | None = None) -> uvicorn.Config:
    """For an ASGI application that holds its own guard.

    closing     : seconds that open answers are given at the end
    connections : at once, beyond which the answer is 503
    """
    logging.getLogger("uvicorn.error").addFilter(_is_about_more_than_closing)
    return uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=connections,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=closing,
    )
