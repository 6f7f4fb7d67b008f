"""What the tests of the record store's doors ask, and how they are refused."""

from __future__ import annotations

OLD = {"X-Experience-API-Version": "1.0.3"}
INSTRUCTOR = {"objectType": "Agent", "mbox": "mailto:teacher@example.jp"}


async def problem(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["X-Experience-API-Version"] in ("1.0.3", "2.0.0")
    assert response.headers["X-Experience-API-Consistent-Through"].endswith("Z")
    return response.json()


async def post(client, body, **options):
    return await client.post("/xapi/statements", json=body, **options)


async def everything(client, **params):
    response = await client.get("/xapi/statements", params=params)
    found = []
    while True:
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["statements"]
        if not page["more"]:
            return found
        response = await client.get(page["more"])
