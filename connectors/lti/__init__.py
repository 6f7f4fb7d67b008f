"""LTI 1.3, both ways: we are launched (tool), and we launch and receive scores (platform)."""
