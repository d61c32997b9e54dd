"""A client of an application in the same process: real requests, without a network."""

import asyncio
import json as json_module

import httpx
import pytest

import moreish
from moreish.serving import app
from tests.support.lists import made_items

TOKEN = "a-token-of-tests"
URL = "http://127.0.0.1:8000"


class Client:
    """Requests to an application, one at a time."""

    def __init__(self, application):
        self.application = application

    def send(self, method, path, *, headers=None, token=TOKEN, url=URL, **more):
        own = {} if token is None else {"authorization": f"Bearer {token}"}

        async def ask():
            transport = httpx.ASGITransport(app=self.application)
            async with httpx.AsyncClient(transport=transport, base_url=url) as client:
                return await client.request(method, path, headers={**own, **(headers or {})}, **more)

        return asyncio.run(ask())

    def get(self, path, **more):
        return self.send("GET", path, **more)

    def post(self, path, body, **more):
        return self.send("POST", path, json=body, **more)

    def raw(self, path, content, **more):
        return self.send("POST", path, content=content, headers={"content-type": "application/json"}, **more)


def sentence(response, status=422):
    """The one sentence of a refusal."""
    assert response.status_code == status, response.text
    found = json_module.loads(response.text)
    assert set(found) == {"error"}
    assert "Traceback" not in found["error"]
    assert "\n" not in found["error"]
    return found["error"]


@pytest.fixture(scope="session")
def counted():
    return moreish.count([*made_items(200), "quill"])


@pytest.fixture(scope="session")
def client(counted):
    return Client(app(counted, token=TOKEN))
