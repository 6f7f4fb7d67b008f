"""JSON-LD as signatures need it: the canonical form, and what that form would leave out.

The contexts come from openbadgeslib's wheel and never from the network. The canonical form is
made with Oxigraph; PyLD serves the check, and in the tests as the second opinion on the form.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pyoxigraph as ox
from openbadgeslib.ob3.contexts import UnknownContextError, document_loader, load_context
from pyld import jsonld

from engine.database import Json

PROCESSOR = threading.Lock()
"""Hold it around PyLD and around openbadgeslib, which uses PyLD: it caches without locking."""

# Two names of one class; compaction always gives back the shorter.
_SAME_TYPE = {"AchievementCredential": "OpenBadgeCredential"}


def canonical(document: Mapping[str, Json]) -> str:
    """The document's RDF dataset as canonical N-Quads (RDF Dataset Canonicalization 1.0).

    Only for documents of our own making: what a stranger sends can be built so that this takes
    for ever. Raises: ValueError where a context is not one of the pinned ones.
    """
    inlined = {**document, "@context": [_terms(url) for url in document["@context"]]}
    dataset = ox.Dataset(ox.parse(json.dumps(inlined), format=ox.RdfFormat.JSON_LD))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{quad} .\n" for quad in dataset))


def unsigned_part(document: Mapping[str, Json]) -> str | None:
    """The JSON Pointer of the first thing in the document that a signature would not cover.

    An undefined term is dropped on the way to RDF, in silence, so anybody could add one. The
    document must therefore come back unchanged from expansion and compaction. Embedded
    endorsements have contexts of their own and are left out here.

    Source: Verifiable Credential Data Integrity 1.0 §2.4.1 (Context Validation).
    Raises: ValueError where it is no JSON-LD under the pinned contexts.
    """
    context = document.get("@context")
    if not known_contexts(context):
        raise ValueError(f"contexts other than the pinned ones: {context!r}"[:200])
    options = {"documentLoader": document_loader()}
    with PROCESSOR:
        try:
            expanded = jsonld.expand(dict(document), options)
            returned = jsonld.compact(expanded, context, options)
        except (jsonld.JsonLdError, TypeError, RecursionError) as error:
            raise ValueError(str(error)[:200]) from error
    return next(_differences(dict(document), returned, ""), None)


def known_contexts(contexts: Json) -> bool:
    """Whether `@context` is a list of pinned addresses, and nothing else."""
    try:
        return isinstance(contexts, list) and bool([load_context(url) for url in contexts])
    except (UnknownContextError, TypeError):
        return False


@functools.cache
def _terms(url: str) -> Json:
    try:
        return load_context(url)["@context"]
    except UnknownContextError as error:
        raise ValueError(str(error)) from error


def _differences(sent: Any, returned: Any, place: str) -> Iterator[str]:
    sent, returned = _plain(sent), _plain(returned)
    if isinstance(sent, dict) and isinstance(returned, dict):
        for key in [*sent, *(returned.keys() - sent.keys())]:
            here = f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
            if (key in sent) != (key in returned) or (":" in key and sent[key] == []):
                # An undefined name for an empty array survives compaction, and nobody signed it.
                yield here
            elif key == "type":
                if _types(sent[key]) != _types(returned[key]):
                    yield here
            elif key != "endorsement":
                yield from _differences(sent[key], returned[key], here)
    elif isinstance(sent, list) and isinstance(returned, list) and len(sent) == len(returned):
        for position, (one, other) in enumerate(zip(sent, returned, strict=True)):
            yield from _differences(one, other, f"{place}/{position}")
    elif type(sent) is not type(returned) or sent != returned:
        # The types too: in Python, and only there, True == 1.
        yield place


def _plain(value: Any) -> Any:
    """The value without the two spellings that JSON-LD does not tell apart."""
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
        value = value[0]
    if isinstance(value, dict) and value.keys() == {"id"}:
        return value["id"]
    return value


def _types(value: Any) -> Any:
    names = value if isinstance(value, list) else [value]
    return sorted(_SAME_TYPE.get(name, name) if isinstance(name, str) else "" for name in names)
