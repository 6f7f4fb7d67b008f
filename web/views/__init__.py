"""View models: one module per page, plain values in, frozen dataclasses out.

No await, no clock, no I/O: what a page says is tested without a browser and without a server.
"""
