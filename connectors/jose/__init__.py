"""Signed tokens of others: read strictly, and verified under keys fetched from where they say."""
