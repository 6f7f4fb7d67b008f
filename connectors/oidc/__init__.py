"""OpenID Connect: signing in at a portal as proof of who one is there."""
