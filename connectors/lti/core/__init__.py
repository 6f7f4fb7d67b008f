"""What LTI messages mean: pure, so that every refusal can be tried without a platform."""
