"""One guide, and the steps that several of them share."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.lti.core.registration import Product
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Guide:
    """The way in one LMS.

    `by_itself`: steps with a registration address, empty where the LMS takes none; `by_hand`: steps
    with our addresses; `note`: what else to know of it.
    """

    product: Product
    name: str
    by_itself: tuple[Text, ...]
    by_hand: tuple[Text, ...]
    note: Text


APPROVE = Text(
    "この画面の一覧に「承認待ち」で現れます。内容を確かめて承認します。",
    "The platform appears in the list here, waiting for approval. Check it, then approve it.",
)
ENTER = Text(
    "LMSに表示された発行元（Issuer）、Client ID、Deployment ID、各URLを、"
    "下のフォームに入力します。",
    "Enter the issuer, client ID, deployment ID and addresses that the LMS shows into the form "
    "below.",
)
