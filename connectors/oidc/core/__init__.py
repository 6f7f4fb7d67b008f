"""What a portal's OpenID messages mean: pure."""
