"""Both servers held against their own contracts: schemathesis makes the requests and judges the answers."""

from copy import deepcopy

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

import moreish
from moreish import serving
from moreish.data import from_items
from moreish.studio.application import app
from tests.attacks.judging import cases_asked_for
from tests.serving.conftest import TOKEN, URL, Client
from tests.studio.conftest import Page
from tests.support.lists import made_items

ENDLESS = "/api/events"  # a stream: tests/studio tests it
KNOWN = {"run": "one", "model": "mlp", "example": "neuron", "id": "minerals", "name": "minerals"}
EXAMPLES = cases_asked_for(10)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    options = {"model": {"n_hidden": 8}, "train": {"steps": 8, "batch_size": 16, "device": "cpu"}}
    moreish.train(from_items(made_items(60)), model="mlp", options=options, out=root / "one")
    made = app(root, token=TOKEN)
    made.state.listing.start = lambda stem, arguments: f"{stem}-1"[:80]  # no process for each request
    made.state.listing.resume = lambda id: made.state.listing.run(id)
    return Page(made)


@pytest.fixture(scope="module")
def server(counted):
    return Client(serving.app(counted, token=TOKEN))


def operations(client):
    contract = deepcopy(client.application.openapi())
    contract["components"].pop(
        "securitySchemes", None
    )  # the client always has the token; the guard's tests do without
    for path in contract["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    found = [operation.ok() for operation in schemathesis.openapi.from_dict(contract).get_all_operations()]
    assert found
    return [operation for operation in found if operation.path != ENDLESS]


def send(client, case):
    """The request that schemathesis made, by our client."""
    wanted = case.as_transport_kwargs(base_url=URL)
    content = {"content": wanted["data"]} if "data" in wanted else {}
    content |= {"json": wanted["json"]} if "json" in wanted else {}
    kind = {k: v for k, v in (wanted.get("headers") or {}).items() if k.lower() == "content-type"}
    path = wanted["url"].removeprefix(URL)
    return client.send(wanted["method"], path, params=wanted.get("params"), headers=kind, **content)


def hold(client, operation, mode):
    """Send what the contract allows, or forbids, and judge each answer by it.

    What names a thing that is not there (a list, a remedy, a symbol) is allowed by it and refused all the same.
    """

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case):
        case.path_parameters.update({k: v for k, v in KNOWN.items() if k in case.path_parameters})
        case.validate_response(send(client, case), excluded_checks=[positive_data_acceptance])

    each()


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("which", ["studio", "server"])
def test_what_is_answered_is_what_the_contract_says(which, mode, request):
    client = request.getfixturevalue(which)
    for operation in operations(client):
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # nothing in it could be wrong
        hold(client, operation, mode)
