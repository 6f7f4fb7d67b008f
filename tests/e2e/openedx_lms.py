"""Open edX as a platform: its own LTI app (lti-consumer-xblock), served by Django on loopback.

A program of its own, so that Django is never set up inside our tests. It reads one JSON line, the
tool that is placed (`Placed`), prints one, what the tool has to know of it, and ends when its input
ends.

Logins, claims, signatures, key set, tokens, line items, results, roster and what is taken of a deep
linking answer are the app's own. What it would ask the LMS around it (a block, who is in the
course, who may write) is answered here, at the seam that it has for that: `plugin.compat`.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypedDict
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from Cryptodome.PublicKey import RSA
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from opaque_keys.edx.keys import UsageKey

COURSE = "course-v1:Town+DX1+2026"
BLOCK = "block-v1:Town+DX1+2026+type@lti_consumer+block@kasane"

# Of this module, for it is Django's list of addresses (`ROOT_URLCONF`).
urlpatterns: list[URLPattern | URLResolver] = []


class Placed(TypedDict):
    """The tool. `people`: role by external id; `scores`: points of 100 by external id."""

    login_url: str
    launch_url: str
    target: str
    jwks_url: str
    people: dict[str, str | None]
    scores: dict[str, float]


def _configure(url: str) -> None:
    """As little of Django as the app runs on, and the settings that it wants of an LMS."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEBUG_PROPAGATE_EXCEPTIONS=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "config_models",
            "rest_framework",
            "waffle",
            "lti_consumer.apps.LTIConsumerApp",
        ],
        LMS_ROOT_URL=url,
        LTI_API_BASE=url,
        LTI_BASE=url,
        LTI_NRPS_DISALLOW_PII=True,
        MIDDLEWARE=[
            "edx_django_utils.cache.middleware.RequestCacheMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "edx_django_utils.cache.middleware.TieredCacheMiddleware",
        ],
        OPENEDX_TELEMETRY=[],
        PLATFORM_NAME="北の大学",
        ROOT_URLCONF=__name__,
        SECRET_KEY="of no worth",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        USAGE_ID_PATTERN=r"(?P<usage_id>[^/]+)",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


class Course:
    """One course with one block, in which the tool is placed."""

    def __init__(self, url: str, tool: Placed) -> None:
        from lti_consumer import models
        from lti_consumer.plugin import compat

        self._url = url
        self._items = models.LtiDlContentItem.objects
        self._people = dict(enumerate(tool["people"].items(), 1))
        block = SimpleNamespace(
            display_name="Kasane", weight=100, has_score=False, lti_1p3_passport_id=None
        )
        compat.load_enough_xblock = lambda _location: block
        compat.load_block_as_user = lambda _location: block
        compat.user_has_studio_write_access = lambda _user, _course: True
        compat.get_course_members = lambda _course: {
            number: {"id": number, "roles": [role] if role else []}
            for number, (_, role) in self._people.items()
        }
        compat.merge_course_forum_roles = lambda _course, members: members
        compat.batch_get_or_create_externalids = lambda _users: {
            number: SimpleNamespace(external_user_id=known)
            for number, (known, _) in self._people.items()
        }
        self._passport = models.Lti1p3Passport.objects.create(
            name="Kasane", lti_1p3_tool_keyset_url=tool["jwks_url"]
        )
        self._block = models.LtiConfiguration.objects.create(
            version=models.LtiConfiguration.LTI_1P3,
            config_store=models.LtiConfiguration.CONFIG_ON_DB,
            location=UsageKey.from_string(BLOCK),
            lti_1p3_passport=self._passport,
            lti_1p3_oidc_url=tool["login_url"],
            lti_1p3_launch_url=tool["target"],
            lti_1p3_redirect_uris=[tool["launch_url"]],
            lti_advantage_ags_mode=models.LtiConfiguration.LTI_ADVANTAGE_AGS_DECLARATIVE,
            lti_advantage_deep_linking_enabled=True,
            lti_advantage_deep_linking_launch_url=tool["target"],
            lti_advantage_enable_nrps=True,
        )
        self._block.get_lti_consumer()  # makes the line item
        for known, points in tool["scores"].items():
            models.LtiAgsScore.objects.create(
                line_item=self._block.ltiagslineitem_set.get(),
                user_id=known,
                score_given=points,
                score_maximum=100,
                activity_progress=models.LtiAgsScore.COMPLETED,
                grading_progress=models.LtiAgsScore.FULLY_GRADED,
                timestamp=datetime.now(UTC),
            )
        self._passport.refresh_from_db()
        self._key = self._passport.lti_1p3_private_key.encode()
        urlpatterns.extend(
            [
                path("api/", include("lti_consumer.plugin.urls")),
                path("course/launch", self._launch),
                path("course/placed", self._placed),
                path("course/scores", self._scores),
                path("course/keys", csrf_exempt(self._keys)),
            ]
        )

    def registered(self) -> dict[str, str]:
        """What Open edX shows beside the block, for the tool to be registered with."""
        api, key = f"{self._url}/api/lti_consumer/v1", self._passport.passport_id
        return {
            "iss": self._url,
            "client_id": self._passport.lti_1p3_client_id,
            "deployment_id": "1",
            "auth_login_url": f"{api}/launch/",
            "jwks_url": f"{api}/public_keysets/{key}",
            "token_url": f"{api}/token/{key}",
        }

    def _launch(self, request: HttpRequest) -> HttpResponse:
        """What the block does for whoever (`who`) presses it, `deep`ly or at a placed `item`.

        As `LtiConsumerXBlock.get_lti_1p3_launch_data` has it.
        """
        from lti_consumer.api import get_lti_1p3_launch_start_url
        from lti_consumer.data import Lti1p3LaunchData

        who = request.GET["who"]
        number, role = next(
            (number, role) for number, (known, role) in self._people.items() if known == who
        )
        data = Lti1p3LaunchData(
            user_id=number,
            user_role=role,
            config_id=self._block.config_id,
            resource_link_id=BLOCK,
            external_user_id=who,
            launch_presentation_document_target="iframe",
            context_id=COURSE,
            context_type=["course_offering"],
            context_title="データ活用入門 - 北の大学",
            context_label=COURSE,
            custom_parameters={"a": "b"},
        )
        return HttpResponseRedirect(
            get_lti_1p3_launch_start_url(
                data, "deep" in request.GET, request.GET.get("item") or None
            )
        )

    def _placed(self, _request: HttpRequest) -> HttpResponse:
        """The content items that the app took, by id."""
        return JsonResponse({item.pk: item.attributes for item in self._items.all()})

    def _scores(self, _request: HttpRequest) -> HttpResponse:
        """What its column holds: given and maximum, by external id."""
        column = self._block.ltiagslineitem_set.get().scores.all()
        return JsonResponse({one.user_id: [one.score_given, one.score_maximum] for one in column})

    def _keys(self, request: HttpRequest) -> HttpResponse:
        """Signs with another key under the published one's id (`forge`), or with its own again."""
        key = self._key if request.POST["do"] == "mend" else RSA.generate(2048).export_key()
        self._passport.lti_1p3_internal_private_key = key.decode()
        self._passport.save()
        return HttpResponse(status=204)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_said: Any) -> None:
        """Says nothing: the test reads off the answers what went wrong."""


def main() -> None:
    """Serve until the input ends, in this thread: the database in memory is its own."""
    server = WSGIServer(("127.0.0.1", 0), _Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    _configure(url)
    course = Course(url, json.loads(sys.stdin.readline()))
    server.set_app(get_wsgi_application())
    print(json.dumps(course.registered()), flush=True)  # noqa: T201 -- its answer

    def until_told() -> None:
        sys.stdin.read()
        server.shutdown()

    threading.Thread(target=until_told, daemon=True).start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
