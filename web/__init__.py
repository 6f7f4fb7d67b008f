"""The pages: for learners, for the secretariat, for anyone who is shown a badge.

Rendered on the server, complete without JavaScript, in Japanese and English. Each page has a pure
view model in `web.views`; `web.routes` reads the request, asks the services and renders.
"""
